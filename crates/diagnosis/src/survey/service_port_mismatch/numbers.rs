//! A port that leads to a number which no container declares.

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{Finding, Severity};

use super::meant::{is_slip, left, likely, ports_of, says_all};
use super::probes::{found, mentions, probed};
use super::{Behind, Declared, protocol, target};
use crate::confidence;
use crate::survey::scene::is_ready;
use crate::survey::words::listed;

impl Behind<'_> {
    /// The containers declare ports, and this is none of them.
    pub(super) fn numbered(
        &self,
        index: usize,
        port: &ServicePort,
        wanted: i32,
    ) -> Option<Finding> {
        let ready: Vec<_> = self.pods.iter().copied().filter(|it| is_ready(it)).collect();
        if let Some(found) = self.other_protocol(index, port, (wanted, &ready)) {
            return Some(found);
        }
        let is_told = |it: &&Pod| probed(it).contains(&wanted) || mentions(it, wanted);
        // A probe that succeeds there proves that somebody listens.
        if ready.is_empty() || self.is_headless() || ready.iter().any(is_told) {
            return None;
        }
        if self.declared.is_empty() {
            return self.probed_elsewhere(index, port, (wanted, &ready));
        }
        if self.declared.iter().any(|it| it.number == wanted) {
            return None;
        }
        if let Some(found) = self.of_twin(&wanted) {
            return Some(found);
        }
        let say_all = ready.iter().all(|it| says_all(it));
        let meant = self.likely(index, port, (wanted, say_all));
        // A Service that reaches a declared port may well offer another one beside it, and a container that declares
        // nothing may listen at any port.
        if meant.is_none() && (!say_all || self.reaches(self.service)) {
            return None;
        }
        let (words, sure) = self.instead(meant, protocol(port))?;
        // Another Service for another port of theirs explains nothing.
        let is_served = self.others().any(|it| match meant {
            Some(meant) => leads_to_declared(it, &meant),
            None => self.reaches(it),
        });
        let is_by_name =
            meant.is_some_and(|it| !is_slip(wanted, it.number) && it.number != port.port);
        let sure = if is_by_name && 1 < self.declared.len() {
            sure.min(confidence::GUESSED)
        } else {
            sure
        };
        let is_slip = meant.is_some_and(|it| is_slip(wanted, it.number)) && port.port != wanted;
        let (severity, sure) = if is_served && !is_slip {
            (Severity::Notice, confidence::SYMPTOM)
        } else {
            (Severity::Warning, sure)
        };
        let field = place(index, port);
        let cause = format!("It sends traffic to port {wanted} of its pods; {words}.");
        let finding = self.finding(severity, cause).clue(field.clone(), &wanted).at(field);
        Some(self.shown(finding).sure(sure))
    }

    /// Whether it has no address of its own: who asks for it gets those of the pods, and takes the port that he knows.
    fn is_headless(&self) -> bool {
        self.service.spec.as_ref().is_some_and(|it| it.cluster_ip.as_deref() == Some("None"))
    }

    /// The declared port that more speaks for than that it is there. Where a container declares nothing, a name alone
    /// does not: it may be that of a proxy's port.
    fn likely(
        &self,
        index: usize,
        port: &ServicePort,
        (wanted, say_all): (i32, bool),
    ) -> Option<Declared<'_>> {
        let left = left(index, &ports_of(self.service), &self.pods);
        let meant = likely(port, wanted, &left)?;
        let is_by_number = is_slip(wanted, meant.number) || meant.number == port.port;
        (say_all || is_by_number).then_some(meant)
    }

    /// What they declare instead, and how sure it is that this was meant.
    fn instead(&self, meant: Option<Declared<'_>>, protocol: &str) -> Option<(String, f64)> {
        let of_protocol = self.declared.iter().filter(|it| it.protocol == protocol);
        let shown: Vec<_> = of_protocol.map(Declared::shown).collect();
        Some(match (meant, shown.as_slice()) {
            (_, []) => return None,
            (_, [only]) => {
                (format!("the only port that they declare is {only}"), confidence::LIKELY)
            }
            (Some(meant), _) => (
                format!("they declare {}, which was probably meant", meant.shown()),
                confidence::LIKELY,
            ),
            (None, _) => (format!("they declare {}", listed(&shown)), confidence::PARTLY),
        })
    }

    /// The pods declare nothing, and their probes find somebody at one other port.
    fn probed_elsewhere(
        &self,
        index: usize,
        port: &ServicePort,
        (wanted, ready): (i32, &[&Pod]),
    ) -> Option<Finding> {
        if ports_of(self.service).len() != 1 || protocol(port) != "TCP" {
            return None;
        }
        let only = found(ready, self.scene.all.taken_at)?.number;
        let is_served = self.others().any(|it| leads_to(it, only));
        if only == wanted || is_served {
            return None;
        }
        let field = place(index, port);
        let cause = format!(
            "It sends traffic to port {wanted} of its pods; they declare none, and their probes find somebody at {only}."
        );
        let finding = self.finding(Severity::Warning, cause).clue(field.clone(), &wanted).at(field);
        Some(finding.clue("probe.port", &only).sure(confidence::PARTLY))
    }
}

/// The field that says where the port leads.
fn place(index: usize, port: &ServicePort) -> String {
    let field = if port.target_port.is_some() { "targetPort" } else { "port" };
    format!("/spec/ports/{index}/{field}")
}

fn leads_to_declared(service: &Service, declared: &Declared<'_>) -> bool {
    ports_of(service).into_iter().any(|it| match target(it) {
        IntOrString::Int(number) => number == declared.number,
        IntOrString::String(name) => name == declared.name,
    })
}

fn leads_to(service: &Service, number: i32) -> bool {
    let ports = service.spec.iter().flat_map(|it| it.ports.iter().flatten());
    ports.into_iter().any(|it| target(it) == IntOrString::Int(number))
}
