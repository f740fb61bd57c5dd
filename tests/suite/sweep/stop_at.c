/* Executes a program whose chosen system calls stop it for its tracer, and only those (seccomp(2), SECCOMP_RET_TRACE).
   Usage: stop_at NUMBER,NUMBER,... PROGRAM [ARGUMENT]...   It stops itself once, until its tracer is there. */
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
    for (char *number = strtok(argv[1], ","); number && length < 196; number = strtok(NULL, ",")) {
        filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)atoi(number), 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
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
