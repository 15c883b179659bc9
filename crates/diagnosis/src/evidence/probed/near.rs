//! The one path that was probably meant.

use crate::near_miss::near_miss;

/// Names of files that any folder may have.
const COMMON: [&str; 6] = ["sh", "bash", "null", "data", "config", "index.html"];

/// The one of these that differs from `wrong` in one part, and there by a slip.
pub(super) fn path(wrong: &str, known: &[&str]) -> Option<String> {
    let mut near: Vec<&str> = known.iter().copied().filter(|it| is_near(wrong, it)).collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => near_miss(wrong, near.iter().copied()),
    }
}

fn is_near(wrong: &str, known: &str) -> bool {
    let (wrong, known): (Vec<_>, Vec<_>) = (wrong.split('/').collect(), known.split('/').collect());
    let mut other = wrong.iter().zip(&known).filter(|it| it.0 != it.1);
    let (Some(pair), None) = (other.next(), other.next()) else { return false };
    wrong.len() == known.len()
        && letters(pair.0) != letters(pair.1)
        && near_miss(pair.0, [*pair.1]).is_some()
}

/// A part without its digits: `ready1` and `ready2` are two, and no slip.
fn letters(part: &str) -> String {
    part.chars().filter(|it| !it.is_ascii_digit()).collect()
}

/// The one of these that has the same name in another folder.
pub(super) fn same_name(wrong: &str, known: &[&str]) -> Option<String> {
    let name = |it: &'_ str| it.rsplit('/').next().unwrap_or_default().to_owned();
    let own = name(wrong);
    let is_whole = |it: &str| it.starts_with('/');
    let is_alike = |it: &&str| *it != wrong && is_whole(it) && is_whole(wrong) && name(it) == own;
    let mut alike: Vec<&str> = known.iter().copied().filter(is_alike).collect();
    alike.sort_unstable();
    alike.dedup();
    match alike.as_slice() {
        [only] if 3 < own.len() && !COMMON.contains(&own.as_str()) => Some((*only).to_owned()),
        _ => None,
    }
}

/// The path below a mount that a path below a folder of nearly the same name means.
pub(super) fn below(mount: &str, wrong: &str) -> Option<String> {
    let mount = mount.trim_end_matches('/');
    let depth = mount.split('/').count();
    let parts: Vec<_> = wrong.split('/').collect();
    let (folder, rest) = parts.split_at_checked(depth).filter(|it| !it.1.is_empty())?;
    is_near(&folder.join("/"), mount).then(|| format!("{mount}/{}", rest.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_near_by_one_of_its_parts() {
        for (wrong, known, right) in [
            ("/tmp/redy", &["/tmp/ready", "/tmp/live"][..], Some("/tmp/ready")),
            ("/tpm/ready", &["/tmp/ready"], Some("/tmp/ready")),
            ("/healtz", &["/healthz"], Some("/healthz")),
            // Other names, other numbers, and two that are as near.
            ("/tmp/up", &["/tmp/ok"], None),
            ("/tmp/worker1", &["/tmp/worker2"], None),
            ("/tmp/live", &["/tmp/ready"], None),
            ("/run/ready", &["/tmp/ready"], None),
        ] {
            assert_eq!(path(wrong, known).as_deref(), right, "{wrong}");
        }
    }

    #[test]
    fn a_name_that_only_one_other_folder_has_is_meant() {
        for (wrong, known, right) in [
            ("/run/ready", &["/tmp/ready", "/tmp/live"][..], Some("/tmp/ready")),
            ("/run/ready", &["/tmp/ready", "/var/ready"], None),
            ("/bin/sh", &["/usr/bin/sh"], None),
            ("8080/health", &["8081/health"], None),
        ] {
            assert_eq!(same_name(wrong, known).as_deref(), right, "{wrong}");
        }
    }

    #[test]
    fn a_folder_is_near_that_is_mounted() {
        assert_eq!(below("/var/stat", "/var/stats/up").as_deref(), Some("/var/stat/up"));
        assert_eq!(below("/var/stat", "/var/stat/up"), None);
        assert_eq!(below("/data", "/data"), None);
    }
}
