//! Services that lead nowhere.

use types::{Evidence, Fault, PortTarget};

use super::{Chance, POINTERS};
use crate::gates::hand;
use crate::scene;

/// Somebody turns a field back, or set it beside the one who set the rest; what is there may never have worked.
pub(super) fn fight(chance: &mut Chance, evidence: &mut Evidence) {
    let field = *chance.pick(&POINTERS);
    if chance.one_in(3) {
        evidence.workload.never_worked = Some("nothing has started".to_owned());
        return;
    }
    if chance.one_in(2) {
        evidence.workload.turned_back = vec![field.to_owned()];
    } else {
        evidence.workload.other_hands = vec![hand(field)];
    }
}

/// A Service whose selector takes nobody.
pub(super) fn wrong_label(chance: &mut Chance) -> (Fault, Evidence) {
    let (wrong, meant) = *chance.pick(&[
        (("app", "wbe"), ("app", "web")),
        (("ap", "web"), ("app", "web")),
        (("app", "backend"), ("app", "web")),
        (("app", "web-1"), ("app", "web-2")),
        (("app", "web"), ("app", "a/b")),
    ]);
    if chance.one_in(5) {
        let mut facts = scene::swapped_labels();
        if let Some(swap) = &mut facts.swapped {
            swap.settled = !chance.one_in(8);
            swap.ready = if chance.one_in(8) { 0 } else { 2 };
        }
        return (Fault::ServiceWithoutEndpoints, scene::service(facts));
    }
    let mut facts = scene::wrong_label(wrong, meant);
    if let Some(slip) = &mut facts.slip {
        slip.near = !chance.one_in(4);
        slip.formerly = chance.one_in(6);
        slip.agreed = chance.one_in(6);
        slip.settled = !chance.one_in(8);
        slip.meant_so = chance.one_in(8);
        slip.served = chance.one_in(8);
        slip.ready = if chance.one_in(8) { 0 } else { 2 };
    }
    (Fault::ServiceWithoutEndpoints, scene::service(facts))
}

/// A Service one of whose ports leads nowhere.
pub(super) fn wrong_port(chance: &mut Chance) -> (Fault, Evidence) {
    let meant = match chance.below(5) {
        0 => scene::named("http"),
        1 => scene::named("web"),
        2 => scene::named("No_Name"),
        3 => PortTarget::Number(8080),
        _ => PortTarget::Number(70_000),
    };
    let wrong = match chance.below(4) {
        0 => PortTarget::Number(80),
        1 => PortTarget::Number(8008),
        _ => scene::named("htpp"),
    };
    let mut facts = scene::wrong_port(wrong, meant, chance.one_in(2));
    if let Some(meant) = facts.ports.last_mut().and_then(|it| it.meant.as_mut()) {
        meant.proven = chance.one_in(2);
        meant.agreed = chance.one_in(4);
    }
    (Fault::ServicePortMismatch, scene::service(facts))
}

/// The Service is not any more what the plan was made for.
pub(super) fn disturb_service(chance: &mut Chance, evidence: &mut Evidence) {
    let Some(service) = &mut evidence.service else { return };
    match chance.below(4) {
        0 => service.selector.clear(),
        1 => service.slip = None,
        2 => service.ports.clear(),
        _ => {
            if let Some(slip) = &mut service.slip {
                "wob".clone_into(&mut slip.meant_value);
            }
        }
    }
}
