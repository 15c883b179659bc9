//! What only root may do, or who has a capability that the template takes away or does not give.

use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::log::reading::Trouble;

/// Words of a program that was not permitted something, the capability that it takes, and whether containers have it
/// where the template says nothing.
const NEEDS: [(&str, &str, bool); 17] = [
    ("chown", "CHOWN", true),
    ("changing ownership", "CHOWN", true),
    ("change owner", "CHOWN", true),
    ("setgroups", "SETGID", true),
    ("initgroups", "SETGID", true),
    ("setgid", "SETGID", true),
    ("setuid", "SETUID", true),
    ("chmod", "FOWNER", true),
    ("changing permissions", "FOWNER", true),
    ("raw socket", "NET_RAW", true),
    ("ping:", "NET_RAW", true),
    ("mknod", "MKNOD", true),
    ("iptables", "NET_ADMIN", false),
    ("rtnetlink", "NET_ADMIN", false),
    ("mlock", "IPC_LOCK", false),
    ("lock memory", "IPC_LOCK", false),
    ("mount:", "SYS_ADMIN", false),
];
/// What it takes to bind a port below 1024.
const BIND: &str = "NET_BIND_SERVICE";

/// A capability that is not there, or a user who has none.
pub(super) fn denied(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Denied)?;
    let line = reading.line.to_lowercase();
    let (capability, is_given) = if reading.is_of_low_port() {
        (BIND, true)
    } else {
        NEEDS.iter().find(|it| line.contains(it.0)).map(|it| (it.1, it.2))?
    };
    let context = failing.container.security_context.as_ref();
    if context.and_then(|it| it.privileged) == Some(true) {
        return None;
    }
    if let Some((path, user)) = failing.user().filter(|it| it.1 != 0) {
        let words = format!(
            "; that takes root with the capability {capability}, and it runs as user {user}"
        );
        return Some(Spot::new(SpotTopic::Denied, path, &user.to_string(), words));
    }
    let capabilities = context.and_then(|it| it.capabilities.as_ref());
    let is_it = |it: &String| it.trim_start_matches("CAP_").eq_ignore_ascii_case(capability);
    let is_all = |it: &String| it.eq_ignore_ascii_case("ALL");
    let added = capabilities.and_then(|it| it.add.as_deref()).unwrap_or_default();
    if added.iter().any(|it| is_it(it) || is_all(it)) {
        return None;
    }
    let path = failing.path.child("securityContext").child("capabilities");
    let dropped = capabilities.and_then(|it| it.drop.as_deref()).unwrap_or_default();
    if let Some(at) = dropped.iter().position(|it| is_it(it) || is_all(it)) {
        let value = dropped.get(at).map_or("", String::as_str);
        let words = format!("; that takes the capability {capability}, which the template drops");
        return Some(Spot::new(SpotTopic::Denied, path.child("drop").index(at), value, words));
    }
    let words =
        format!("; that takes the capability {capability}, which the template does not add");
    (!is_given).then(|| Spot::new(SpotTopic::Denied, path.child("add"), "none", words))
}
