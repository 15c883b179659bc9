//! What a program gathers in a volume in memory, and nobody takes away.

use k8s_openapi::api::core::v1::{Container, Volume, VolumeMount};
use types::ContainerFacts;

use crate::Objects;
use crate::log::at_work::counts_up;

/// Where a volume in memory without a size is mounted, if the container counted up until it was killed for memory.
pub(super) fn fact(
    objects: &Objects,
    container: &Container,
    facts: &ContainerFacts,
) -> Option<String> {
    let state = &facts.state;
    let is_killed = state.last_exit.as_deref() == Some("OOMKilled")
        || state.exit_message.as_deref().is_some_and(|it| it.contains("OOM-killed"));
    let volumes = objects.root.pod_spec().and_then(|it| it.volumes.as_deref()).unwrap_or_default();
    let is_boundless = |it: &Volume| {
        let source = it.empty_dir.as_ref();
        source.is_some_and(|it| it.medium.as_deref() == Some("Memory") && it.size_limit.is_none())
    };
    let is_filled = |mount: &&VolumeMount| {
        mount.read_only != Some(true)
            && volumes.iter().any(|it| it.name == mount.name && is_boundless(it))
    };
    let mount = container.volume_mounts.iter().flatten().find(is_filled).filter(|_| is_killed)?;
    let counts = counts_up(&facts.log) || counts_up(&facts.previous_log);
    counts.then(|| mount.mount_path.clone())
}
