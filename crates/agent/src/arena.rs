//! The memory of the process: one arena, so that what one thread gave back can be used by the others.
//!
//! glibc gives each thread an arena of its own, and reads how many there may be before `main`
//! (<https://www.gnu.org/software/libc/manual/html_node/Memory-Allocation-Tunables.html>). With one arena a scan of
//! 10,000 pods takes a third less memory, and the agent does nothing that several would make faster.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The variable that glibc reads.
const ARENAS: &str = "MALLOC_ARENA_MAX";

/// Begins the process anew with one arena, unless somebody said how many there are. It keeps its id and its arguments;
/// where that cannot be done, it goes on as it is.
pub fn share() {
    if env::var_os(ARENAS).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let mut anew = Command::new("/proc/self/exe");
    if let Some(name) = arguments.next() {
        anew.arg0(name);
    }
    let error = anew.args(arguments).env(ARENAS, "1").exec();
    tracing::debug!(%error, "there are several arenas");
}
