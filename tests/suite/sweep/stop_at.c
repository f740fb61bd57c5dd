/* Executes a program whose chosen system calls stop it for its tracer, and only those (seccomp(2), SECCOMP_RET_TRACE).
   Usage: stop_at CALL,CALL,... PROGRAM [ARGUMENT]...   It stops itself once, until its tracer is there.
   A CALL is its number, or NUMBER:ARGUMENT:BITS where it stops only with one of these bits in that argument. */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int main(int argc, char **argv) {
    struct sock_filter filter[200];
    unsigned short length = 0;
    if (argc < 3) return 2;
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (char *call = strtok(argv[1], ","); call && length < 190; call = strtok(NULL, ",")) {
        unsigned number = 0, argument = 0, bits = 0;
        int is_limited = sscanf(call, "%u:%u:%u", &number, &argument, &bits) == 3;
        if (argument > 5) argument = 5;
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, is_limited ? 4 : 1);
        if (is_limited) {
            /* The lower half of the argument, which is the first on a processor that counts from the low end. */
            filter[length++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                                                            offsetof(struct seccomp_data, args) + 8 * argument);
            filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
        }
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
        if (is_limited) filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {length, filter};
    raise(SIGSTOP);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
        perror("stop_at: seccomp");
        return 2;
    }
    execvp(argv[2], argv + 2);
    perror("stop_at: exec");
    return 2;
}
