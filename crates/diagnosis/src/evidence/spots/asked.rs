//! What a field asks for and the kubelet does not find, by its own words.

use types::SpotTopic;

use super::Spot;
use crate::evidence::failing::Failing;
use crate::near_miss::near_miss;

/// `container nope not found`: a variable is to tell what another container may use.
pub(super) fn resources(failing: &Failing<'_>) -> Option<Spot> {
    let message = failing.facts.state.waiting_message.as_deref()?;
    let wanted = message.strip_prefix("container ")?.strip_suffix(" not found")?;
    let mut variables = failing.container.env.iter().flatten().enumerate();
    let at = variables.find_map(|(at, it)| {
        let source = it.value_from.as_ref()?.resource_field_ref.as_ref()?;
        (source.container_name.as_deref() == Some(wanted)).then_some(at)
    })?;
    let path = failing.path.child("env").index(at).child("valueFrom").child("resourceFieldRef");
    let init = failing.spec.init_containers.iter().flatten();
    let names: Vec<_> =
        failing.spec.containers.iter().chain(init).map(|it| it.name.as_str()).collect();
    let words = meant(wanted, &names);
    Some(Spot::new(SpotTopic::Start, path.child("containerName"), wanted, words))
}

/// The same of a volume, which cannot be mounted then.
pub(super) fn resources_of_volume(failing: &Failing<'_>) -> Option<Spot> {
    let mut events = failing.objects.events.iter().filter(|it| {
        it.reason.as_deref() == Some("FailedMount")
            && it.involved_object.name.as_deref() == Some(&failing.facts.pod)
    });
    let wanted = events.find_map(|it| {
        let (before, after) = it.message.as_deref()?.rsplit_once(" not found")?;
        after.trim_end_matches(']').is_empty().then(|| before.rsplit_once("container ")).flatten()
    })?;
    let wanted = wanted.1;
    let spec = failing.objects.root.kind().pod_spec_path()?;
    let volumes = failing.spec.volumes.iter().flatten().enumerate();
    let field = volumes.into_iter().find_map(|(at, volume)| {
        let path = spec.child("volumes").index(at);
        let whole = volume.downward_api.iter().map(|it| (path.child("downwardAPI"), &it.items));
        let sources = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
        let parts = sources.enumerate().filter_map(|(at, it)| {
            let path = path.child("projected").child("sources").index(at);
            Some((path.child("downwardAPI"), &it.downward_api.as_ref()?.items))
        });
        whole.chain(parts).find_map(|(path, items)| {
            let at = items.iter().flatten().position(|it| {
                let source = it.resource_field_ref.as_ref();
                source.is_some_and(|it| it.container_name.as_deref() == Some(wanted))
            })?;
            Some(path.child("items").index(at).child("resourceFieldRef").child("containerName"))
        })
    })?;
    let init = failing.spec.init_containers.iter().flatten();
    let names: Vec<_> =
        failing.spec.containers.iter().chain(init).map(|it| it.name.as_str()).collect();
    Some(Spot::new(SpotTopic::Start, field, wanted, meant(wanted, &names)))
}

/// `missing value for POD`: a mount's `subPathExpr` asks for a variable.
pub(super) fn sub_path(failing: &Failing<'_>) -> Option<Spot> {
    let message = failing.facts.state.waiting_message.as_deref()?;
    let wanted = message.split_once("missing value for ")?.1.split_whitespace().next()?;
    let wanted = wanted.trim_matches(['"', '\'']);
    let mark = format!("$({wanted})");
    let mut mounts = failing.container.volume_mounts.iter().flatten().enumerate();
    let (at, expression) = mounts.find_map(|(at, it)| {
        Some((at, it.sub_path_expr.as_deref().filter(|it| it.contains(&mark))?))
    })?;
    let path = failing.path.child("volumeMounts").index(at).child("subPathExpr");
    let names: Vec<_> = failing.container.env.iter().flatten().map(|it| it.name.as_str()).collect();
    // `POD` of `POD_NAME` is no slip of the finger, and there is nothing else that could be meant.
    let words = match (names.as_slice(), meant(wanted, &names)) {
        ([only], words) if words.is_empty() => format!("; it sets only {only}"),
        (_, words) => words,
    };
    Some(Spot::new(SpotTopic::Start, path, expression, words))
}

fn meant(wanted: &str, names: &[&str]) -> String {
    let near = near_miss(wanted, names.iter().copied());
    near.map(|it| format!("; there is {it}, which was probably meant")).unwrap_or_default()
}
