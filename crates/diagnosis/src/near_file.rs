//! The one file that was probably meant.

use std::collections::BTreeSet;

use crate::near_miss::near_miss;

/// Endings that stand for the same form. JSON is another one than YAML: who reads the one may not read the other.
const ENDINGS: [&[&str]; 3] =
    [&["yaml", "yml"], &["template", "tmpl", "tpl"], &["cfg", "cnf", "conf", "config"]];

/// The one candidate that has this name but for an ending of the same meaning, else the one that is a letter or two
/// away; `None` where there is none or more than one.
pub(crate) fn near_file<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let candidates: BTreeSet<&str> = candidates.into_iter().collect();
    let mut same = candidates.iter().filter(|it| differ_in_ending(name, it));
    match (same.next(), same.next()) {
        (Some(only), None) => Some((*only).to_owned()),
        (Some(_), Some(_)) => None,
        (None, _) => near_miss(name, candidates),
    }
}

/// Whether nothing but endings of the same meaning differs: `site.conf.tmpl` and `site.cfg.template`.
fn differ_in_ending(name: &str, other: &str) -> bool {
    let (parts, others) =
        (name.split('.').collect::<Vec<_>>(), other.split('.').collect::<Vec<_>>());
    let is_called = |it: &(&&str, &&str)| it.0 == it.1 && !it.0.is_empty();
    let means_same = |it: &(&&str, &&str)| {
        let (one, two) = (it.0.to_ascii_lowercase(), it.1.to_ascii_lowercase());
        let has = |all: &&[&str], ending: &str| all.contains(&ending);
        ENDINGS.iter().any(|all| has(all, &one) && has(all, &two))
    };
    let pairs = || parts.iter().zip(&others);
    name != other
        && parts.len() == others.len()
        && parts.first() == others.first()
        && pairs().any(|it| is_called(&it))
        && pairs().all(|it| it.0 == it.1 || means_same(&it))
}

#[cfg(test)]
mod tests {
    use super::near_file;

    #[test]
    fn an_ending_of_the_same_meaning_is_no_other_file() {
        for (name, other) in [
            ("site.conf.tmpl", "site.conf.template"),
            ("site.tpl", "site.template"),
            ("app.yml", "app.yaml"),
            ("my.config", "my.cfg"),
            ("conf.d/site.conf.tmpl", "conf.d/site.cfg.template"),
            ("app.YML", "app.yaml"),
            (".lint.yml", ".lint.yaml"),
        ] {
            assert_eq!(near_file(name, [other, "logging.xml"]).as_deref(), Some(other), "{name}");
        }
        // The same name is nearer than one that is spelt nearly so.
        assert_eq!(near_file("site.yml", ["site.yaml", "side.yml"]).as_deref(), Some("site.yaml"));
    }

    #[test]
    fn an_ending_of_another_meaning_is_another_file() {
        for (name, other) in [
            ("app.yaml", "app.json"),
            ("app.yaml", "app.template"),
            ("tls.crt", "tls.key"),
            ("site.conf", "site.conf.template"),
            ("site.conf.tmpl", "shop.conf.template"),
            (".tmpl", ".template"),
            ("tmpl", "template"),
        ] {
            assert_eq!(near_file(name, [other]), None, "{name}");
        }
        assert_eq!(near_file("site.tpl", ["site.tmpl", "site.template"]), None);
    }

    #[test]
    fn a_slip_of_the_finger_is_seen_too() {
        assert_eq!(near_file("confg.yaml", ["config.yaml"]).as_deref(), Some("config.yaml"));
        assert_eq!(near_file("billing.yaml", ["config.yaml"]), None);
    }
}
