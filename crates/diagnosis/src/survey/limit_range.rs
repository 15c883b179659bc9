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
    if finding.fault != AnyFault::Workload(Fault::FailedCreate) || !finding.cause.contains(NAMELESS)
    {
        return finding;
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
