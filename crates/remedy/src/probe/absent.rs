//! Whether the program that a probe runs is not there: the runtime could not start it, or a shell did not find it.

use types::ProbeFacts;

/// Programs that start others by name.
const STARTERS: [&str; 8] = ["sh", "ash", "bash", "dash", "ksh", "zsh", "env", "timeout"];
/// How words about something end that no runtime and no shell can start.
const UNSTARTABLE: [&str; 5] = [
    "no such file or directory",
    "no such file",
    "permission denied",
    "exec format error",
    "not a directory",
];
/// How those that start programs say that they cannot start one.
const IN_VAIN: [&str; 2] = ["can't execute", "failed to run command"];

/// Whether this probe runs a command, and that or what it calls cannot be started. A file that the command looks for
/// itself may still come.
pub(super) fn is_absent(probe: &ProbeFacts, failure: &str) -> bool {
    let failure = failure.to_lowercase();
    let said = failure.split_once("failed: ").map_or(failure.as_str(), |it| it.1);
    probe.action == "exec" && (is_told_by_runtime(&failure) || said.lines().any(is_told_by_starter))
}

/// The words of runc (`exec: "x": …`, `exec /x: …`) and crun (``executable file `x` not found``).
fn is_told_by_runtime(failure: &str) -> bool {
    let is_found = !(failure.contains("executable file") && failure.contains("not found"));
    let of_program = ["exec: \"", "failed: exec /", "exec container process `"];
    let is_of_program = of_program.iter().any(|it| failure.contains(it));
    let says_why = UNSTARTABLE.iter().any(|it| failure.contains(it));
    let exits = ["exit code", "exit status", "exited with", "exited with code"];
    let by_exit = |code: &str| exits.iter().any(|it| failure.contains(&format!("{it} {code}")));
    !is_found || is_of_program && says_why || by_exit("127") || by_exit("126")
}

/// A line such as `sh: pg_isready: not found`, `/check.sh: line 3: curl: command not found` or `sh: can't open
/// '/check.sh': no such file or directory`.
fn is_told_by_starter(line: &str) -> bool {
    let parts: Vec<&str> = line.trim().split(": ").collect();
    let [who, rest @ .., what, why] = parts.as_slice() else { return false };
    let is_starter = who.rsplit('/').next().is_some_and(|it| STARTERS.contains(&it));
    let number = rest.first().map(|it| it.trim_start_matches("line "));
    let in_line = number.and_then(|it| it.parse::<u32>().ok());
    if *why == "command not found" || *what == "command not found" {
        return true;
    }
    if *why == "not found" {
        return is_starter || in_line.is_some();
    }
    // Of a file that a line reads or writes it says the same, but of one that it runs by its name.
    let ends_as_script = what.rsplit_once('.').is_some_and(|it| it.1 == "sh");
    let is_script = in_line == Some(0) || ends_as_script || what.starts_with("can't open '");
    let is_program = IN_VAIN.iter().any(|it| what.starts_with(it))
        || is_starter && is_script
        || who.starts_with("python") && what.starts_with("can't open file");
    let says_why = UNSTARTABLE.iter().any(|it| why.ends_with(it));
    let may_not = is_starter && *why == "permission denied" && !what.contains(' ');
    says_why && is_program || may_not
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn is_said(action: &str, said: &str) -> bool {
        let probe = json!({"kind": "readiness", "action": action});
        let probe: ProbeFacts = serde_json::from_value(probe).unwrap();
        is_absent(&probe, &format!("Readiness probe {said}"))
    }

    const UNKNOWN: &str = "errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec in \
                           container: failed to start exec \"1f\": OCI runtime exec failed: exec failed: unable to start \
                           container process: ";

    #[test]
    fn what_cannot_be_started_is_told_by_the_runtime_and_by_shells() {
        let by_runc = [
            "exec: \"pg_isready\": executable file not found in $PATH: unknown",
            "exec: \"/check.sh\": stat /check.sh: no such file or directory: unknown",
            "exec: \"/check.sh\": permission denied: unknown",
            "exec: \"timeout\": executable file not found in $PATH: unknown",
        ];
        for said in by_runc {
            assert!(is_said("exec", &format!("{UNKNOWN}{said}")), "{said}");
        }
        for said in [
            "failed: exec /check.sh: no such file or directory",
            "failed: executable file `pg_isready` not found in $PATH: No such file or directory",
            "failed: sh: pg_isready: not found\n",
            "failed: sh: timeout: not found",
            "failed: /bin/sh: 1: curl: not found",
            "failed: /check.sh: line 3: curl: command not found\n",
            "failed: starting\n/bin/sh: redis-cli: not found",
            "failed: sh: can't open '/check.sh': No such file or directory",
            "failed: sh: 0: cannot open /check.sh: No such file",
            "failed: bash: line 1: /check.sh: No such file or directory",
            "failed: bash: /opt/check: Permission denied",
            "failed: python3: can't open file '/check.py': [Errno 2] No such file or directory",
            "failed: env: can't execute 'bash': No such file or directory",
            "failed: timeout: failed to run command 'curl': No such file or directory",
            "failed: command terminated with exit code 127",
        ] {
            assert!(is_said("exec", said), "{said}");
        }
    }

    #[test]
    fn what_a_command_looks_for_itself_may_still_come() {
        for said in [
            "failed: cat: can't open '/tmp/ready': No such file or directory",
            "failed: cat: /tmp/ready: No such file or directory",
            "failed: ls: /tmp/ready: Permission denied",
            "failed: sh: can't open /tmp/ready: no such file",
            "failed: bash: line 1: /tmp/ready: No such file or directory",
            "failed: cache: key warm: not found",
            "failed: connection to server failed: No such file or directory",
            "failed: command timed out: \"sleep 5\" timed out after 1s",
            "failed: command terminated with exit code 1",
            "errored: failed to exec in container: failed to load task: no running task found: task 1f not found",
            "failed: ",
        ] {
            assert!(!is_said("exec", said), "{said}");
        }
        assert!(!is_said("GET :80/", "failed: sh: curl: not found"));
    }
}
