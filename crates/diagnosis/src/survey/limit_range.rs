//! The name of the limit range that refuses a workload's pods: the API server does not say it.

use k8s_openapi::api::core::v1::LimitRangeItem;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;
use types::{AnyFault, Fault, Finding};

use super::scene::{Scene, name, namespace, subject};
use crate::refusal::OutOfRange;

/// The words of the workload's own rule, which does not know the name.
const NAMELESS: &str = "a limit range allows";

/// The finding with the limit range that its refusal comes from, where one of the namespace says the same.
pub(super) fn named(finding: Finding, scene: &Scene<'_>) -> Finding {
    if finding.fault != AnyFault::Workload(Fault::FailedCreate) {
        return finding;
    }
    if !finding.cause.contains(NAMELESS) {
        return with_default(finding, scene);
    }
    let refusal = finding.clues.iter().find_map(|it| OutOfRange::read(&it.value));
    let Some(refusal) = refusal else { return finding };
    let ranges = scene.all.limit_ranges.iter().flatten();
    let here = ranges.filter(|it| namespace(&it.metadata) == finding.subject.namespace);
    let found = here.clone().find_map(|range| {
        let limits = range.spec.iter().flat_map(|it| it.limits.iter());
        let at = limits.enumerate().find(|it| says(it.1, &refusal))?.0;
        Some((range, at))
    });
    let Some((range, at)) = found else { return finding };
    let list = match refusal.bound {
        "maximum" => "max",
        "minimum" => "min",
        _ => "maxLimitRequestRatio",
    };
    let about = subject("LimitRange", &range.metadata);
    let fact = format!("{about} /spec/limits/{at}/{list}/{}", refusal.resource);
    let allowed = refusal.allowed.to_owned();
    let known = format!("limit range {} allows", name(&range.metadata));
    let cause = finding.cause.replacen(NAMELESS, &known, 1);
    Finding { cause, ..finding }.clue(fact, &allowed)
}

/// The finding with the limit range that set the limit which a request is above, where the template sets none itself.
fn with_default(finding: Finding, scene: &Scene<'_>) -> Finding {
    let said = finding.cause.split_once("less than or equal to ").map(|it| it.1);
    let limit = said.and_then(|it| it.trim_end_matches('.').split_once(" limit of "));
    let Some((resource, limit)) = limit else { return finding };
    let of = &finding.subject;
    let spec = scene.workload(&of.kind, &of.namespace, &of.name).and_then(|it| it.pod_spec());
    let amount = |it: &str| types::Quantity(it.to_owned()).thousandths();
    let is_own = spec.is_none_or(|it| {
        let resources =
            it.containers.iter().filter_map(|it| it.resources.as_ref()?.limits.as_ref());
        let mut limits = resources.filter_map(|it| it.get(resource));
        limits.any(|it| amount(&it.0) == amount(limit))
    });
    let ranges = scene.all.limit_ranges.iter().flatten();
    let mut here = ranges.filter(|it| namespace(&it.metadata) == of.namespace);
    let range = here.find_map(|range| {
        let mut limits = range.spec.iter().flat_map(|it| it.limits.iter()).enumerate();
        let sets = |it: &LimitRangeItem| {
            let default = it.default.as_ref().and_then(|it| it.get(resource));
            default.is_some_and(|it| amount(&it.0) == amount(limit))
        };
        Some((range, limits.find(|it| sets(it.1))?.0))
    });
    let Some((range, at)) = range.filter(|_| !is_own) else { return finding };
    let about = subject("LimitRange", &range.metadata);
    let cause = finding.cause.strip_suffix('.').unwrap_or(&finding.cause);
    let cause = format!("{cause}, which is the default of limit range {}.", name(&range.metadata));
    let limit = limit.to_owned();
    Finding { cause, ..finding }
        .clue(format!("{about} /spec/limits/{at}/default/{resource}"), &limit)
}

/// Whether a limit says what the refusal says.
fn says(limit: &LimitRangeItem, refusal: &OutOfRange<'_>) -> bool {
    let list = match refusal.bound {
        "maximum" => &limit.max,
        "minimum" => &limit.min,
        _ => &limit.max_limit_request_ratio,
    };
    let allowed = list.as_ref().and_then(|it| it.get(refusal.resource));
    let amount = |it: &Amount| types::Quantity(it.0.clone()).thousandths();
    let wanted = types::Quantity(refusal.allowed.to_owned()).thousandths();
    limit.type_ == refusal.per && allowed.is_some_and(|it| amount(it) == wanted)
}
