//! Where a port of a Service may lead instead, and when nobody has to be asked.

use types::{Edit, FieldPath, MeantPort, PortTarget, ServicePortFacts};

use crate::near::{TYPO_DISTANCE, are_siblings, distance, is_slip_of_number};

/// The longest name of a port (<https://www.rfc-editor.org/rfc/rfc6335#section-5.1>).
const MAX_NAME: usize = 15;

/// Whether nobody has to be asked.
pub(crate) fn is_sure(port: &ServicePortFacts, meant: &MeantPort) -> bool {
    let is_typo = match (&port.target, &meant.target) {
        (Some(PortTarget::Name(wrong)), PortTarget::Name(name)) => {
            distance(wrong, name) <= TYPO_DISTANCE && !are_siblings(wrong, name)
        }
        (Some(PortTarget::Number(wrong)), PortTarget::Number(number)) => {
            is_slip_of_number(*wrong, *number)
        }
        (Some(PortTarget::Name(_)), PortTarget::Number(_))
        | (Some(PortTarget::Number(_)), PortTarget::Name(_))
        | (None, _) => false,
    };
    meant.near && is_typo || meant.proven || meant.agreed
}

/// Whether Kubernetes would take it for a port.
pub(crate) fn is_port(target: &PortTarget) -> bool {
    match target {
        PortTarget::Number(number) => (1..=65_535).contains(number),
        PortTarget::Name(name) => {
            let is_letter = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
            !name.is_empty()
                && name.len() <= MAX_NAME
                && name.chars().all(|it| is_letter(it) || it == '-')
                && name.chars().any(|it| it.is_ascii_lowercase())
                && !name.starts_with('-')
                && !name.ends_with('-')
        }
    }
}

/// The edits that let two ports change places, each of which was meant to lead where the other one does.
pub(crate) fn crossed_edits(ports: &[ServicePortFacts]) -> Option<Vec<Edit>> {
    let leads = |one: &ServicePortFacts, other: &ServicePortFacts| {
        let meant = one.meant.as_ref().map(|it| &it.target).filter(|it| is_port(it));
        meant.is_some() && meant == other.target.as_ref() && one.target != other.target
    };
    let pairs = ports.iter().enumerate();
    let mut pairs = pairs.flat_map(|(at, one)| {
        ports
            .iter()
            .skip(at + 1)
            .filter(|it| leads(one, it) && leads(it, one))
            .map(move |it| (one, it))
    });
    let (one, other) = pairs.next().filter(|_| pairs.next().is_none())?;
    let edit = |from: &ServicePortFacts, to: &ServicePortFacts| Edit {
        path: port_field(from).child("targetPort"),
        from: from.target.as_ref().map(PortTarget::to_value),
        to: to.target.as_ref().map(PortTarget::to_value),
    };
    Some(vec![edit(one, other), edit(other, one)])
}

/// Where the port stands in the Service.
pub(crate) fn port_field(port: &ServicePortFacts) -> FieldPath {
    FieldPath::root().child("spec").child("ports").index(port.index)
}
