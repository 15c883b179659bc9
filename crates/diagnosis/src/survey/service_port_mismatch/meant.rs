//! Which port of the pods was probably meant.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use types::{MeantPort, PortTarget};

use super::crossed::crossed;
use super::probes::{answered, asks, found, mentions};
use super::{Declared, declared, lasting, protocol, target};
use crate::near_miss::near_miss;
use crate::same_words::of_same_words;

/// Numbers with fewer digits than this are too alike by chance.
const MIN_DIGITS: usize = 3;
/// Where web servers usually listen.
const OF_WEB_SERVERS: [i32; 11] = [80, 443, 3000, 4000, 5000, 8000, 8080, 8081, 8443, 8888, 9000];

/// Where the port at this place of a Service was probably meant to lead in these pods.
pub(in crate::survey) fn meant(
    service: &Service,
    index: usize,
    pods: &[&Pod],
    now: Timestamp,
) -> Option<MeantPort> {
    let ports = ports_of(service);
    let port = *ports.get(index)?;
    if let Some(places) = crossed(service, pods).filter(|it| it.contains(&index)) {
        let other = places.into_iter().find(|it| *it != index)?;
        let target = match ports.get(other)?.target_port.as_ref()? {
            IntOrString::Int(number) => PortTarget::Number(*number),
            IntOrString::String(name) => PortTarget::Name(name.clone()),
        };
        return Some(MeantPort { target, near: false, proven: false, agreed: false });
    }
    let left = left(index, &ports, pods);
    match target(port) {
        IntOrString::String(wanted) => by_name(&wanted, &left)
            .or_else(|| only_one(index, &ports, &left, (pods, now)))
            .or_else(|| by_words(&wanted, &left))
            .or_else(|| same_number(port, &left).map(|it| of_number(it, false, false)))
            .map(|it| MeantPort { agreed: is_agreed(port, &wanted, &it.target, &left), ..it }),
        IntOrString::Int(wanted) => {
            if pods.iter().any(|it| mentions(it, wanted)) {
                return None;
            }
            let likely = likely(port, wanted, &left).or_else(|| one_digit_off(wanted, &left));
            let likely = likely.map(|it| {
                let near = one_digit_off(wanted, &left) == Some(it);
                let proven = is_alone(&it, index, &ports, pods) || near;
                of_number(&it, near, proven && is_answered(&it, pods, now))
            });
            let of_pods = || only_one(index, &ports, &left, (pods, now));
            likely.or_else(of_pods).or_else(|| unnamed(wanted, pods, now))
        }
    }
}

fn of_number(port: &Declared<'_>, near: bool, proven: bool) -> MeantPort {
    MeantPort { target: PortTarget::Number(port.number), near, proven, agreed: false }
}

pub(super) fn ports_of(service: &Service) -> Vec<&ServicePort> {
    service.spec.iter().flat_map(|it| it.ports.iter().flatten()).collect()
}

/// The ports that every pod declares for this protocol, and that no other port of the Service leads to.
pub(super) fn left<'a>(
    index: usize,
    ports: &[&ServicePort],
    pods: &[&'a Pod],
) -> Vec<Declared<'a>> {
    let Some(port) = ports.get(index) else { return vec![] };
    let of_each: Vec<BTreeSet<Declared<'a>>> =
        pods.iter().map(|it| declared(it).into_iter().collect()).collect();
    let Some(first) = of_each.first() else { return vec![] };
    first
        .iter()
        .filter(|it| it.protocol == protocol(port) && of_each.iter().all(|set| set.contains(it)))
        .filter(|it| is_free(it, index, ports))
        .copied()
        .collect()
}

/// Whether no other port of the Service leads there.
fn is_free(port: &Declared<'_>, index: usize, ports: &[&ServicePort]) -> bool {
    let name = IntOrString::String(port.name.to_owned());
    let mut others = ports.iter().enumerate().filter(|it| it.0 != index).map(|it| target(it.1));
    others.all(|it| it != IntOrString::Int(port.number) && it != name)
}

/// The near miss of a name.
fn by_name(wanted: &str, left: &[Declared<'_>]) -> Option<MeantPort> {
    let names = left.iter().map(|it| it.name).filter(|it| !it.is_empty());
    let near: Vec<_> = names.filter_map(|it| near_miss(wanted, [it])).collect();
    let [near] = near.as_slice() else { return None };
    Some(MeantPort {
        target: PortTarget::Name(near.clone()),
        near: true,
        proven: false,
        agreed: false,
    })
}

/// The one whose name says the same in other words.
fn by_words(wanted: &str, left: &[Declared<'_>]) -> Option<MeantPort> {
    let names = left.iter().map(|it| it.name).filter(|it| !it.is_empty());
    let name = of_same_words(wanted, names, &[])?;
    let target = PortTarget::Name(name.to_owned());
    Some(MeantPort { target, near: false, proven: false, agreed: false })
}

/// The only one that there is.
fn only_one(
    index: usize,
    ports: &[&ServicePort],
    left: &[Declared<'_>],
    (pods, now): (&[&Pod], Timestamp),
) -> Option<MeantPort> {
    let ([only], Some(port)) = (left, ports.get(index)) else { return None };
    let by_name = matches!(target(port), IntOrString::String(_)) && !only.name.is_empty();
    let target = if by_name {
        PortTarget::Name(only.name.to_owned())
    } else {
        PortTarget::Number(only.number)
    };
    let proven = is_alone(only, index, ports, pods) && is_answered(only, pods, now);
    Some(MeantPort { target, near: false, proven, agreed: false })
}

/// The one that more speaks for than that it is there: a number in which two digits changed places, or one is too
/// many or missing; the number of the Service's own port; the name of the Service's own port.
pub(super) fn likely<'a>(
    port: &ServicePort,
    wanted: i32,
    left: &[Declared<'a>],
) -> Option<Declared<'a>> {
    let own_name = port.name.as_deref().filter(|it| !it.is_empty());
    one(left, |it| is_slip(wanted, it.number))
        .or_else(|| same_number(port, left).copied())
        .or_else(|| one(left, |it| Some(it.name) == own_name))
}

/// Of several ports that with the number of the Service's own.
fn same_number<'a, 'b>(port: &ServicePort, left: &'b [Declared<'a>]) -> Option<&'b Declared<'a>> {
    left.iter().find(|it| it.number == port.port)
}

/// Whether two things or more of the Service's port speak for this one, and of no other as many: a name that no pod
/// declares leads nowhere, so that nothing is lost.
fn is_agreed(port: &ServicePort, wanted: &str, meant: &PortTarget, left: &[Declared<'_>]) -> bool {
    let own_name = port.name.as_deref().filter(|it| !it.is_empty());
    let votes = |it: &&Declared<'_>| {
        let shares = wanted.split('-').any(|word| it.name.split('-').any(|own| own == word));
        let all =
            [it.number == port.port, own_name == Some(it.name), shares && !it.name.is_empty()];
        1 < all.into_iter().filter(|it| *it).count()
    };
    let is_it = |it: &Declared<'_>| match meant {
        PortTarget::Number(number) => it.number == *number,
        PortTarget::Name(name) => it.name == *name,
    };
    let mut chosen = left.iter().filter(votes);
    chosen.next().is_some_and(is_it) && chosen.next().is_none()
        || is_own_number(port, wanted, meant, left)
}

/// Whether the pods declare the number of the Service's own port, one that is nothing but this server's, and
/// nothing speaks for another port of theirs.
fn is_own_number(
    port: &ServicePort,
    wanted: &str,
    meant: &PortTarget,
    left: &[Declared<'_>],
) -> bool {
    let own_name = port.name.as_deref().filter(|it| !it.is_empty());
    let words = || wanted.split('-').chain(own_name.into_iter().flat_map(|it| it.split('-')));
    let is_called = |it: &Declared<'_>| it.name.split('-').any(|own| words().any(|it| it == own));
    let mut others = left.iter().filter(|it| it.number != port.port);
    *meant == PortTarget::Number(port.port)
        && !OF_WEB_SERVERS.contains(&port.port)
        && left.iter().filter(|it| it.number == port.port).count() == 1
        && !others.any(is_called)
}

fn one_digit_off<'a>(wanted: i32, left: &[Declared<'a>]) -> Option<Declared<'a>> {
    one(left, |it| is_one_digit_off(wanted, it.number))
}

fn one<'a>(left: &[Declared<'a>], is_it: impl Fn(&Declared<'a>) -> bool) -> Option<Declared<'a>> {
    let mut found = left.iter().filter(|it| is_it(it));
    let first = found.next()?;
    found.next().is_none().then_some(*first)
}

/// Whether two numbers are one slip of the finger apart: another digit, one too many, one too few, two that changed
/// places.
fn is_one_digit_off(wrong: i32, meant: i32) -> bool {
    let (wrong, meant) = (wrong.to_string(), meant.to_string());
    MIN_DIGITS <= wrong.len().min(meant.len()) && strsim::osa_distance(&wrong, &meant) == 1
}

/// Whether they are so and are no two ports that are usual beside each other, as `8080` and `8081`.
pub(super) fn is_slip(wrong: i32, meant: i32) -> bool {
    let another_digit = {
        let (wrong, meant) = (wrong.to_string(), meant.to_string());
        wrong.len() == meant.len() && strsim::levenshtein(&wrong, &meant) == 1
    };
    is_one_digit_off(wrong, meant) && !another_digit
}

/// Whether the pods declare nothing else that is not led to, and each container of them says what it listens on.
fn is_alone(only: &Declared<'_>, index: usize, ports: &[&ServicePort], pods: &[&Pod]) -> bool {
    pods.iter().all(|pod| {
        let mut free = declared(pod).into_iter().filter(|it| is_free(it, index, ports));
        free.next() == Some(*only) && free.next().is_none() && says_all(pod)
    })
}

/// Whether each container declares ports.
pub(in crate::survey) fn says_all(pod: &Pod) -> bool {
    let mut containers = pod.spec.iter().flat_map(|it| &it.containers);
    containers.all(|it| it.ports.as_ref().is_some_and(|it| !it.is_empty()))
}

/// Whether each pod is ready because somebody answered its probe there.
fn is_answered(port: &Declared<'_>, pods: &[&Pod], now: Timestamp) -> bool {
    pods.iter().all(|pod| answered(pod, now).any(|it| asks(it, port)))
}

/// The pods declare nothing, and their probes find somebody at one port.
fn unnamed(wanted: i32, pods: &[&Pod], now: Timestamp) -> Option<MeantPort> {
    if pods.iter().any(|it| lasting(it).any(|it| it.ports.iter().flatten().next().is_some())) {
        return None;
    }
    let found = found(pods, now)?;
    let is_told = pods.iter().all(|it| mentions(it, found.number));
    // What mail or a queue is asked at is another door of the same house.
    let is_web = OF_WEB_SERVERS.contains(&wanted);
    Some(MeantPort {
        target: PortTarget::Number(found.number),
        near: is_one_digit_off(wanted, found.number),
        proven: found.is_page && (is_told || is_web),
        agreed: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_a_number_is_told_from_the_port_beside_it() {
        for (wrong, meant) in [(9120, 9102), (8008, 8080), (808, 8080), (80_800, 8080), (4443, 443)]
        {
            assert!(is_slip(wrong, meant) && is_one_digit_off(wrong, meant), "{wrong} {meant}");
        }
        for (wrong, meant) in [(8081, 8080), (9443, 8443), (5433, 5432)] {
            assert!(!is_slip(wrong, meant) && is_one_digit_off(wrong, meant), "{wrong} {meant}");
        }
        for (wrong, meant) in [(80, 8080), (8080, 80), (81, 80), (9090, 8080), (8080, 8080)] {
            assert!(!is_slip(wrong, meant) && !is_one_digit_off(wrong, meant), "{wrong} {meant}");
        }
    }
}
