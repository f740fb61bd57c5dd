# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_patchctl_global_optspecs
    string join \n root= config= format= o/output= q/quiet v/verbose color= no-progress offline no-refresh as-of= lock-timeout= h/help V/version
end

function __fish_patchctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_patchctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_patchctl_using_subcommand
    set -l cmd (__fish_patchctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c patchctl -n "__fish_patchctl_needs_command" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_needs_command" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_needs_command" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_needs_command" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_needs_command" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_needs_command" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_needs_command" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_needs_command" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_needs_command" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_needs_command" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_needs_command" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_needs_command" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_needs_command" -s V -l version -d 'Print version'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "scan" -d 'Find what is vulnerable here, worst first'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "why" -d 'Explain a verdict: the rule, the versions and the feed behind it'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "plan" -d 'Make the exact set of package changes that closes the findings'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "rehearse" -d 'Try a plan in a throw-away clone of this host'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "apply" -d 'Carry out a plan, prove the result, or take it back'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "rollback" -d 'Bring back the state before a run'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "recover" -d 'End an interrupted run, or let the package manager finish what another tool began'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "needs-restart" -d 'Show what still runs replaced code, and the holes that this keeps open'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "reboot" -d 'Reboot when one is due, inside a reboot window, when nobody is logged in or their time is over'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "status" -d 'Show on one screen where this host stands'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "doctor" -d 'Check every precondition of a run, and say what to do where one does not hold'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "report" -d 'Write a stored report anew, in another form'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "history" -d 'List past runs, show one, or prove their journals'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "feeds" -d 'List, refresh, import or verify the advisory feeds'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "bundle" -d 'Carry feeds, lists, policy, plan and packages to hosts without a network'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "policy" -d 'Check or show the policy, or preview what it decides at a time'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "block" -d 'Keep a defective patch from being installed until it is repaired'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "unblock" -d 'Remove a block'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "waive" -d 'Leave a finding open, with a reason, an approver and an end'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "schedule" -d 'Let scans and runs begin by themselves, as the policy says'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "completions" -d 'Write a shell completion script'
complete -c patchctl -n "__fish_patchctl_needs_command" -f -a "man" -d 'Write the man pages'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l fail-on -d 'Exit with 100 on open findings of this severity or worse' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
negligible\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l cve -d 'Only these vulnerabilities (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l advisory -d 'Only these advisories (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l package -d 'Only these binary or source packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l exclude -d 'Never these packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l severity -d 'Only this severity and worse' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
negligible\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l summary -d 'Print the counts alone'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l no-save -d 'Write neither report nor first-seen dates'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l all -d 'Show every group'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l known-exploited -d 'Only what is exploited in the wild'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand scan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand why" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l accept-no-rollback -d 'Change these packages although no way back was proved' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l diff -d 'Compare two sealed plans' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l cve -d 'Only these vulnerabilities (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l advisory -d 'Only these advisories (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l package -d 'Only these binary or source packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l exclude -d 'Never these packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l severity -d 'Only this severity and worse' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
negligible\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l all-updates -d 'Include updates that close no vulnerability'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l allow-removals -d 'Allow the plan to remove packages'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l known-exploited -d 'Only what is exploited in the wild'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand plan" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l accept-no-rollback -d 'Change these packages although no way back was proved' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l cve -d 'Only these vulnerabilities (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l advisory -d 'Only these advisories (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l package -d 'Only these binary or source packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l exclude -d 'Never these packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l severity -d 'Only this severity and worse' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
negligible\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l assemble -d 'Put the clone of this design together and go on in it (patchctl calls itself so)' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l boot-clone -d 'Boot the clone of this design (patchctl calls itself so)' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l all-updates -d 'Include updates that close no vulnerability'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l allow-removals -d 'Allow packages to be removed'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l boot -d 'Boot the clone without the plan and with it, and compare which units run'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l known-exploited -d 'Only what is exploited in the wild'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l inside -d 'Carry the plan out, inside the clone (patchctl calls itself so)'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand rehearse" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l bundle -d 'Patch from this bundle, without a network; it must be signed by a key of feeds.bundle_key' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l accept-no-rollback -d 'Change these packages although no way back was proved' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l override -d 'Set these rules aside for this run: window, freeze, approval, evidence' -r -f -a "window\t''
freeze\t''
approval\t''
evidence\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l reason -d 'Why the rules are set aside; recorded and reported' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l reboot -d 'When a reboot is due afterwards: never, if-needed, always (default: apply.reboot); patchctl reboot tells what it waits for' -r -f -a "never\t''
if-needed\t''
always\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l cve -d 'Only these vulnerabilities (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l advisory -d 'Only these advisories (dnf: in the lowest version that closes them)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l package -d 'Only these binary or source packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l exclude -d 'Never these packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l severity -d 'Only this severity and worse' -r -f -a "critical\t''
high\t''
medium\t''
low\t''
negligible\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s y -l yes -d 'Do not ask'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s n -l dry-run -d 'Show the plan and stop'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l download-only -d 'Fetch and verify every archive and stop'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l detach -d 'Go on in the background, whatever becomes of this terminal; patchctl status --wait waits for the end'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l allow-removals -d 'Allow packages to be removed'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l all-updates -d 'Include updates that close no vulnerability'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l scheduled -d 'Do nothing, and say nothing, while no window is open: for timers and cron'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l detailed-exitcode -d 'Exit with 102 when a reboot is due, 103 when restarts are'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l known-exploited -d 'Only what is exploited in the wild'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l only -d 'Only these packages' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l preview -d 'Show what would change and what opens again'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l check -d 'Prove archives and room, change nothing'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l snapshot -d 'Put the whole root back from the run\'s snapshot, at the next boot; of a mounted --root at once'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l accept-lost -d 'Lose what was changed since the snapshot'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -s y -l yes -d 'Do not ask'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l dead-man -d 'Decide this run only when nobody holds it any more or its time is up (for the dead man\'s timer)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l unattended -d 'Change nothing where a person is needed: for the boot unit'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand recover" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l reboot -d 'Tell by the exit code whether a reboot is due: 102, or 0'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand needs-restart" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l scheduled -d 'Only one that was asked for, and say nothing while it waits: for timers and cron'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l cancel -d 'Call off the reboot that waits'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand reboot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l wait -d 'Wait until no run is at work, and exit with the code of the one that was'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l nagios -d 'Answer as a monitoring plugin: OK 0, WARNING 1, CRITICAL 2, UNKNOWN 3'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l motd -d 'Print one line for the message of the day, from the last scan as root; never fail'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l since -d 'Tell of a period from then on, instead of one report' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l until -d 'Tell of a period up to then (default: now)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l period -d 'Tell of a month (2026-10), a quarter (2026-Q4) or a year (2026)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -a "diff" -d 'Compare two reports: what opened, what was closed, what nobody can tell any more'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and not __fish_seen_subcommand_from diff merge" -a "merge" -d 'Put the reports of many hosts together: a table, the worst hosts, common holes, version skew'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand report; and __fish_seen_subcommand_from merge" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -f -a "list" -d 'List the runs, newest first'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -f -a "show" -d 'Show one run in full'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and not __fish_seen_subcommand_from list show verify" -f -a "verify" -d 'Prove that no journal was changed afterwards'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand history; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -f -a "list" -d 'Show the feeds, their age and how far they can be trusted'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -f -a "refresh" -d 'Fetch the feeds now, and as root the package manager\'s lists'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -f -a "export" -d 'Write the feeds into one file, for hosts without a network'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -f -a "import" -d 'Take a bundle in, or a file as the content of one feed'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and not __fish_seen_subcommand_from list refresh export import verify" -f -a "verify" -d 'Prove the stored feeds by their digests, and the lists of apt, dnf or zypp by their signatures'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l accept-older -d 'Believe this feed although it is older than the last content, or far smaller or larger' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l sign-with -d 'Sign it with this key of root\'s gpg: BUNDLE.asc is written beside it' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l name -d 'The feed that it belongs to; of a bundle only this feed' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l accept-older -d 'Believe it although it is older than the last, or far smaller or larger'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand feeds; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -f -a "create" -d 'Pack everything that patches a host into one file'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and not __fish_seen_subcommand_from create verify" -f -a "verify" -d 'Prove that a bundle is whole, and with feeds.bundle_key who signed it'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l sign-with -d 'Sign it with this key of root\'s gpg: BUNDLE.asc is written beside it' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand bundle; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -f -a "check" -d 'Read every file and tell what needs attention'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -f -a "show" -d 'Show every value, block and waiver with the file and line it came from'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -f -a "refresh" -d 'Pull the central policy now'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and not __fish_seen_subcommand_from check show refresh preview" -f -a "preview" -d 'Show what would be decided now, or at the time of --as-of, and when the next window opens'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from refresh" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand policy; and __fish_seen_subcommand_from preview" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l until -d 'When the block lifts itself: newer (a newer version is offered), or the last day it holds' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l reason -d 'Why' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l owner -d 'Who answers for it' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l review -d 'When somebody should look at it again' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand block" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand unblock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l package -d 'Only in this package' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l kind -d 'What kind of waiver: accepted-risk, mitigated, false-positive' -r -f -a "accepted-risk\t''
mitigated\t''
false-positive\t''"
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l reason -d 'Why' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l approved-by -d 'Who approved it' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l expires -d 'The last day on which it holds' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand waive" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -f -a "show" -d 'Show what begins by itself, and how the files stand'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -f -a "install" -d 'Write timers of systemd, or entries of cron, from the policy, and start them'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and not __fish_seen_subcommand_from show install remove" -f -a "remove" -d 'Stop them and remove their files'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand schedule; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l root -d 'Look at another root: an image, container or chroot' -r -f -a "(__fish_complete_directories)"
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l config -d 'Read this configuration instead of /etc/patchctl' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l format -d 'Write results as text or as one document; scan, plan, apply, rollback and report know every form' -r -f -a "text\t'For people'
json\t'For scripts: exactly one document'
html\t'One page for people who read in a browser, or print'
sarif\t'For code scanning: SARIF 2.1.0'
junit\t'For pipelines that show tests'
cyclonedx\t'Bill of materials with vulnerabilities: CycloneDX 1.6'
openvex\t'What is true of each vulnerability: OpenVEX 0.2.0'
csv\t'For spreadsheets: one finding a line'
openmetrics\t'Counts for a textfile collector'
markdown\t'For the summary page of a pipeline'"
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -s o -l output -d 'Write the result to FILE; plan writes the sealed plan there' -r -F
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l color -d 'Colour the output' -r -f -a "auto\t'On a terminal, unless NO_COLOR says otherwise'
always\t'Always'
never\t'Never'"
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l as-of -d 'Judge as of this time (2026-11-22 or 2026-11-22T02:00:00Z)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l lock-timeout -d 'Wait this long for a lock (default 300s, or as configured)' -r
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -s q -l quiet -d 'Say nothing but results that need attention, and errors'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -s v -l verbose -d 'Say more; twice for every detail'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l no-progress -d 'Draw no progress bars'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l offline -d 'Use no network at all'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -l no-refresh -d 'Use the feeds, and with apply the repositories\' lists, as they are'
complete -c patchctl -n "__fish_patchctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
