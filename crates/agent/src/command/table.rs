//! A scan as a person reads it.

use std::fmt::Write;

use types::{Finding, ScanResponse, Severity, Subject};

use super::screen::{Screen, harmless};

/// Explained objects that are named; the rest is counted.
const MAX_NAMED: usize = 3;
/// How far the words below a finding are indented.
const INDENT: usize = 10;

/// What is said where there is a patch that is not shown.
const ASK: &str = "patch: --patches or -o yaml shows it";

/// The scan as lines: one finding after the other, the worst first, and a count; with the patches, where they are
/// asked for.
pub(super) fn table(scan: &ScanResponse, screen: Screen, patches: bool) -> String {
    let objects: Vec<_> =
        scan.findings.iter().map(|it| harmless(&it.subject.to_string())).collect();
    let object_width = width("OBJECT", objects.iter().map(String::as_str));
    let fault_width = width("FAULT", scan.findings.iter().map(|it| it.fault.as_str()));
    let mut res = String::new();
    if !scan.findings.is_empty() {
        let head = format!(
            "{:<INDENT$}{:<object_width$}  {:<fault_width$}  FINGERPRINT",
            "SEVERITY", "OBJECT", "FAULT"
        );
        line(&mut res, &screen.paint("1", &head));
    }
    for (finding, object) in scan.findings.iter().zip(&objects) {
        let fault = finding.fault.as_str();
        let row = format!(
            "{}{object:<object_width$}  {fault:<fault_width$}  {}",
            severity(finding, screen),
            finding.fingerprint
        );
        line(&mut res, &row);
        for words in details(finding) {
            line(&mut res, &screen.wrapped(&words, INDENT));
        }
        if let Some(patch) = finding.patch.as_ref().filter(|_| finding.suppressed.is_none()) {
            // A line of a patch is not wrapped: it is to be copied.
            let shown = if patches { patch.as_str() } else { ASK };
            shown.lines().for_each(|it| line(&mut res, &format!("{:INDENT$}{}", "", harmless(it))));
        }
    }
    if !scan.findings.is_empty() {
        line(&mut res, "");
    }
    line(&mut res, &screen.wrapped(&summary(scan), 0));
    for unread in &scan.unread {
        line(&mut res, &screen.wrapped(&format!("not read: {unread}"), 0));
    }
    res
}

fn line(res: &mut String, text: &str) {
    // Writing into a String cannot fail.
    let _ = writeln!(res, "{}", text.trim_end());
}

fn width<'a>(head: &str, cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|it| it.chars().count()).chain([head.len()]).max().unwrap_or(0)
}

/// The first column.
fn severity(finding: &Finding, screen: Screen) -> String {
    let word = if finding.suppressed.is_some() { "accepted" } else { finding.severity.as_str() };
    let colour = match finding.severity {
        _ if finding.suppressed.is_some() => "2",
        Severity::Critical => "31",
        Severity::Warning => "33",
        Severity::Notice => "36",
    };
    screen.paint(colour, &format!("{word:<INDENT$}"))
}

/// The words below a finding.
fn details(finding: &Finding) -> Vec<String> {
    if let Some(accepted) = &finding.suppressed {
        let until = accepted.until.strftime("%Y-%m-%d");
        return vec![format!("until {until} by {}: {}", accepted.by, accepted.reason)];
    }
    let doubt = finding.doubt().map(|it| format!("{it}: "));
    let mut res = vec![doubt.unwrap_or_default() + &finding.cause];
    res.extend(finding.field.as_ref().map(|it| format!("at {it}")));
    let owner = finding.owner.as_ref();
    res.extend(owner.map(|it| format!("{it} keeps it: commit the patch where {it} takes it from")));
    if !finding.caused_by.is_empty() {
        res.push(format!("caused by {}", named(&finding.caused_by)));
    }
    if !finding.explains.is_empty() {
        res.push(format!("explains {}", named(&finding.explains)));
    }
    res
}

/// `Service shop/web, Ingress shop/web and 12 more`
fn named(subjects: &[Subject]) -> String {
    let first: Vec<_> = subjects.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let first = first.join(", ");
    match subjects.len().checked_sub(MAX_NAMED) {
        None | Some(0) => first,
        Some(n_more) => format!("{first} and {n_more} more"),
    }
}

/// How much was found in how much.
fn summary(scan: &ScanResponse) -> String {
    let told = || scan.findings.iter().filter(|it| it.suppressed.is_none());
    let count = |severity| told().filter(|it| it.severity == severity).count();
    let (critical, warnings) = (count(Severity::Critical), count(Severity::Warning));
    let (notices, accepted) = (count(Severity::Notice), scan.findings.len() - told().count());
    let mut parts = vec![];
    for (n, one, many) in [
        (critical, "critical", "critical"),
        (warnings, "warning", "warnings"),
        (notices, "notice", "notices"),
        (accepted, "accepted", "accepted"),
    ] {
        if 0 < n {
            parts.push(format!("{n} {}", if n == 1 { one } else { many }));
        }
    }
    let found = if parts.is_empty() { "nothing wrong".to_owned() } else { parts.join(", ") };
    format!("{found} among {} objects of cluster {}", scan.n_objects, scan.cluster)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use types::{AnyFault, Fault, Suppression};

    use super::*;

    const SCREEN: Screen = Screen { width: 60, coloured: false };

    fn scan(findings: Vec<Finding>) -> ScanResponse {
        ScanResponse {
            cluster: "default".to_owned(),
            taken_at: Timestamp::UNIX_EPOCH,
            n_objects: 7,
            findings,
            unread: vec![],
        }
    }

    fn finding() -> Finding {
        let fault = AnyFault::Workload(Fault::ServiceWithoutEndpoints);
        let cause =
            "the selector app=wbe fits no pod; app=web would fit \x1b[2Jthree of Deployment web";
        let subject = Subject::new("Service", "shop", "web");
        let finding = Finding::new(subject, Severity::Critical, fault, cause.to_owned());
        let explains = (0..5).map(|it| Subject::new("Ingress", "shop", format!("i{it}"))).collect();
        let fingerprint = "0123456789abcdef".to_owned();
        Finding { fingerprint, explains, ..finding.at("/spec/selector/app") }
    }

    #[test]
    fn a_finding_is_told_with_its_cause_its_field_and_what_it_explains() {
        let expected = "\
SEVERITY  OBJECT            FAULT                    FINGERPRINT
critical  Service shop/web  ServiceWithoutEndpoints  0123456789abcdef
          the selector app=wbe fits no pod; app=web would
          fit [2Jthree of Deployment web
          at /spec/selector/app
          explains Ingress shop/i0, Ingress shop/i1, Ingress
          shop/i2 and 2 more

1 critical among 7 objects of cluster default
";
        assert_eq!(table(&scan(vec![finding()]), SCREEN, false), expected);
    }

    #[test]
    fn what_is_less_than_near_certain_is_told_with_a_word_before_its_cause() {
        for (confidence, begin) in [(0.95, ""), (0.7, "probably: "), (0.5, "unsure: ")] {
            let told = table(&scan(vec![finding().sure(confidence)]), SCREEN, false);
            assert!(told.contains(&format!("\n          {begin}the selector app=wbe")), "{told}");
        }
    }

    #[test]
    fn a_patch_is_pointed_at_and_shown_where_it_is_asked_for() {
        let patch = Some(
            "patches:\n  - target: {}\n    patch: |-\n      - {\"op\":\"\x1b[2J\"}\n".to_owned(),
        );
        let finding = Finding { patch, owner: Some("argocd".to_owned()), ..finding() };

        let pointed = table(&scan(vec![finding.clone()]), SCREEN, false);
        assert!(
            pointed.contains("\n          patch: --patches or -o yaml shows it\n"),
            "{pointed}"
        );
        assert!(pointed.contains("argocd keeps it: commit the patch"), "{pointed}");
        let shown = table(&scan(vec![finding]), SCREEN, true);
        let lines = "
          patches:
            - target: {}
              patch: |-
                - {\"op\":\"[2J\"}
";
        assert!(shown.contains(lines), "{shown}");
    }

    #[test]
    fn what_is_accepted_is_told_with_the_reason() {
        let accepted = Suppression {
            fingerprint: finding().fingerprint,
            reason: "moves next week".to_owned(),
            by: "ops".to_owned(),
            until: Timestamp::UNIX_EPOCH,
        };
        let finding = Finding { suppressed: Some(accepted), ..finding() };

        let told = table(&scan(vec![finding]), SCREEN, false);

        assert!(told.contains("\naccepted  Service shop/web"), "{told}");
        assert!(told.contains("\n          until 1970-01-01 by ops: moves next week\n"), "{told}");
        assert!(told.ends_with("1 accepted among 7 objects of cluster default\n"), "{told}");
    }

    #[test]
    fn what_could_not_be_read_is_never_called_healthy() {
        let unread = vec!["secrets: forbidden".to_owned()];

        let told = table(&ScanResponse { unread, ..scan(vec![]) }, SCREEN, false);

        let expected =
            "nothing wrong among 7 objects of cluster default\nnot read: secrets: forbidden\n";
        assert_eq!(told, expected);
    }
}
