//! What follows from the answers of probes.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::Scene;
use super::container::{Container, State};
use super::probe::{Purpose, Target};
use super::process::{Launch, seconds};
use super::running::Running;
use crate::catalogue::Reference;
use crate::events::Tone;
use crate::fields::Fields;

/// One look asks at most this often: whoever was away for long is not asked for every period missed.
const QUESTIONS: usize = 64;

/// Asks every probe that is due, and acts on what the answers amount to.
pub(super) fn look(container: &mut Container, spec: &Value, scene: &Scene<'_>) {
    for _ in 0..QUESTIONS {
        let State::Running(running) = &mut container.state else { return };
        let due = running.asking().find(|it| it.1.next <= scene.now).map(|it| it.0);
        let Some(at) = due else { break };
        let answer = ask(running, at, spec, scene);
        let Some(probe) = running.probes.get_mut(at) else { return };
        let purpose = probe.purpose;
        let settled = probe.count(answer.is_ok(), scene.now);
        if let Err(why) = &answer {
            let text = format!("{} probe failed: {why}", purpose.word());
            scene.note(container, Tone::Warning, "Unhealthy", &text);
        }
        if settled {
            settle(container, purpose, answer.is_ok(), scene);
        }
    }
    container.ready = is_ready(container);
}

fn is_ready(container: &Container) -> bool {
    let State::Running(running) = &container.state else { return false };
    let mut readiness = running.probes.iter().filter(|it| it.purpose == Purpose::Readiness);
    container.role != super::container::Role::Init
        && running.has_started()
        && readiness.all(|it| it.verdict == Some(true))
}

fn settle(container: &mut Container, purpose: Purpose, good: bool, scene: &Scene<'_>) {
    let State::Running(running) = &mut container.state else { return };
    match (purpose, good) {
        (Purpose::Startup, true) => {
            for probe in running.probes.iter_mut().filter(|it| it.purpose != Purpose::Startup) {
                probe.next = probe.next.max(scene.now);
            }
        }
        (Purpose::Startup | Purpose::Liveness, false) => {
            running.stop(scene.now, grace(scene.pod));
            let word = purpose.word().to_lowercase();
            let text =
                format!("Container {} failed {word} probe, will be restarted", container.name);
            scene.note(container, Tone::Normal, "Killing", &text);
        }
        (Purpose::Liveness, true) | (Purpose::Readiness, _) => {}
    }
}

/// The time that a pod gives its containers to stop.
pub(super) fn grace(pod: &Value) -> Duration {
    let number = pod.number("/spec/terminationGracePeriodSeconds").unwrap_or(30);
    seconds(f64::from(i32::try_from(number).unwrap_or(30)))
}

fn ask(running: &Running, at: usize, spec: &Value, scene: &Scene<'_>) -> Result<(), String> {
    let Some(probe) = running.probes.get(at) else { return Ok(()) };
    let nobody = BTreeSet::new();
    let reference = Reference::parse(spec.text("/image"));
    let image = reference.and_then(|it| scene.world.catalogue().image(&it).cloned());
    let image = image.unwrap_or_default();
    let launch = Launch {
        argv: Vec::new(),
        env: running.env.clone(),
        files: running.files.clone(),
        services: &nobody,
        image: &image,
        behaviour: None,
    };
    probe.ask(&Target {
        container: spec,
        ip: scene.ip,
        listeners: &running.listeners,
        hangs: running.hangs || running.is_throttled(),
        launch: &launch,
    })
}
