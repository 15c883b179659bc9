//! The way of a container to its start: image, settings, program.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::Scene;
use super::container::{AGAIN, Container, NOTICED, Role, State};
use super::probe::Probe;
use super::process::{self, Launch};
use super::running::{Ended, Running};
use super::surroundings::substituted;
use crate::catalogue::{ANNOTATION, Behaviour, Image, Reference};
use crate::clock::Moment;
use crate::events::Tone;
use crate::fields::Fields;
use crate::quantity::Quantity;

/// A look at the registry for an image that is there already.
const CHECKED: Duration = Duration::from_millis(300);

/// Starts a container, or finds out what is in the way.
pub(super) fn start(container: &mut Container, scene: &Scene<'_>) {
    let name = container.spec(scene.pod).text("/image").to_owned();
    let Some(reference) = Reference::parse(&name) else {
        let why = format!("couldn't parse image name {name:?}: invalid reference format");
        let message = format!("Failed to apply default image tag {name:?}: {why}");
        scene.note(container, Tone::Warning, "InspectFailed", &message);
        return held(container, scene, "InvalidImageName", message);
    };
    container.image = reference.to_string();
    let present = scene.world.has(scene.node, &reference);
    match (container.spec(scene.pod).text("/imagePullPolicy"), present) {
        ("Never", false) => {
            let message =
                format!("Container image {name:?} is not present with pull policy of Never");
            scene.note(container, Tone::Warning, "ErrImageNeverPull", &message);
            held(container, scene, "ErrImageNeverPull", message);
        }
        ("Always", _) | (_, false) => pull(container, &name, &reference, scene),
        (_, true) => {
            let message = format!(
                "Container image {name:?} already present on machine and can be accessed by the pod"
            );
            scene.note(container, Tone::Normal, "Pulled", &message);
            create(container, &reference, scene);
        }
    }
}

/// Something is in the way that a kubelet looks at again and again.
fn held(container: &mut Container, scene: &Scene<'_>, reason: &'static str, message: String) {
    if reason.starts_with("ErrImage") || reason.starts_with("Invalid") {
        scene.note(container, Tone::Warning, "Failed", &format!("Error: {reason}"));
    }
    container.state = State::Held { reason, message, until: scene.now + AGAIN };
}

fn pull(container: &mut Container, name: &str, reference: &Reference, scene: &Scene<'_>) {
    if let Some(until) = container.pulls.until(container.pull_failed, scene.now) {
        let text = format!("Back-off pulling image {name:?}");
        scene.note(container, Tone::Normal, "BackOff", &text);
        scene.note(container, Tone::Warning, "Failed", "Error: ImagePullBackOff");
        let message = format!("{text}: ErrImagePull: {}", container.pull_error);
        let until = until.min(scene.now + AGAIN);
        container.state = State::Held { reason: "ImagePullBackOff", message, until };
        return;
    }
    scene.note(container, Tone::Normal, "Pulling", &format!("Pulling image {name:?}"));
    let takes = match scene.world.catalogue().image(reference) {
        Some(image) if !scene.world.has(scene.node, reference) => crate::catalogue::download(image),
        Some(_) | None => CHECKED,
    };
    let before = Box::new(std::mem::replace(&mut container.state, State::Idle));
    container.state = State::Pulling { from: scene.now, until: scene.now + takes, before };
}

/// The download is over.
pub(super) fn pulled(container: &mut Container, took: Duration, scene: &Scene<'_>) {
    let name = container.spec(scene.pod).text("/image").to_owned();
    let Some(reference) = Reference::parse(&name) else { return };
    let answer = {
        let catalogue = scene.world.catalogue();
        catalogue.pull(&reference, scene.has_pull_secret()).map(|it| it.size)
    };
    match answer {
        Ok(size) => {
            container.pulls.forget();
            scene.world.keep(scene.node, &reference);
            let took = format!("{}ms", took.as_millis());
            let message = format!(
                "Successfully pulled image {name:?} in {took} ({took} including waiting). \
                 Image size: {size} bytes."
            );
            scene.note(container, Tone::Normal, "Pulled", &message);
            create(container, &reference, scene);
        }
        Err(error) => {
            container.pulls.next(container.pull_failed, scene.now);
            container.pull_failed = scene.now;
            container.pull_error = error.to_string();
            let message = format!("Failed to pull image {name:?}: {error}");
            scene.note(container, Tone::Warning, "Failed", &message);
            scene.note(container, Tone::Warning, "Failed", "Error: ErrImagePull");
            let until = scene.now + NOTICED * 2;
            container.state =
                State::Held { reason: "ErrImagePull", message: error.to_string(), until };
        }
    }
}

/// The image is there: settles what the container finds, and starts its program.
fn create(container: &mut Container, reference: &Reference, scene: &Scene<'_>) {
    let image = scene.world.catalogue().image(reference).cloned().unwrap_or_default();
    let spec = container.spec(scene.pod);
    let surroundings = scene.surroundings();
    let env = match surroundings.env(spec) {
        Ok(env) => env,
        Err(why) => {
            scene.note(container, Tone::Warning, "Failed", &format!("Error: {why}"));
            return held(container, scene, "CreateContainerConfigError", why);
        }
    };
    let env = image.env.clone().into_iter().chain(env).collect();
    let argv = argv(spec, &image).iter().map(|it| substituted(it, &env)).collect();
    let behaviour = behaviour(scene.pod, &container.name);
    let services = surroundings.services();
    let files = surroundings.files(spec);
    let launch = Launch {
        argv,
        env,
        files,
        services: &services,
        image: &image,
        behaviour: behaviour.as_ref(),
    };
    container.new_run(&scene.world.store, scene.pod);
    scene.note(container, Tone::Normal, "Created", "Container created");
    match process::begin(&launch) {
        Ok(life) => {
            scene.note(container, Tone::Normal, "Started", "Container started");
            let mut running = Running::new(life, scene.now, Probe::all(spec, scene.now));
            (running.env, running.files) = (launch.env, launch.files);
            running.resources = spec.at("/resources").clone();
            running.cpu_wanted = cpu_wanted(behaviour.as_ref().unwrap_or(&image.behaviour));
            let probed =
                running.probes.iter().any(|it| it.purpose != super::probe::Purpose::Liveness);
            container.ready = container.role != Role::Init && !probed;
            container.state = State::Running(Box::new(running));
            container.live(scene);
        }
        Err(why) => refuse(container, &why, scene),
    }
}

/// The CPU that a program of this behaviour wants, in thousandths.
fn cpu_wanted(behaviour: &Behaviour) -> u64 {
    let wanted = behaviour.cpu_need.as_deref().and_then(Quantity::read);
    wanted.and_then(|it| u64::try_from(it.milli()).ok()).unwrap_or(0)
}

/// The program cannot be started at all.
fn refuse(container: &mut Container, why: &str, scene: &Scene<'_>) {
    scene.note(container, Tone::Warning, "Failed", &format!("Error: {why}"));
    container.ended(Ended {
        code: 128,
        reason: "StartError",
        message: why.to_owned(),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::now(),
        at: scene.now,
        id: format!("containerd://{0}{0}", uuid::Uuid::now_v7().simple()),
    });
    if container.comes_back(scene.pod) {
        let until: Moment = scene.now + NOTICED;
        container.state =
            State::Held { reason: "RunContainerError", message: why.to_owned(), until };
    }
}

/// The program and its arguments: the pod's, or the image's.
fn argv(spec: &Value, image: &Image) -> Vec<String> {
    let (command, args) = (spec.words("/command"), spec.words("/args"));
    match (command.is_empty(), args.is_empty()) {
        (true, true) => image.command.clone(),
        (true, false) => image.command.iter().take(1).cloned().chain(args).collect(),
        (false, _) => command.into_iter().chain(args).collect(),
    }
}

/// What the pod's annotation says about this container; what cannot be read says nothing.
fn behaviour(pod: &Value, container: &str) -> Option<Behaviour> {
    let text = pod.at("/metadata/annotations").get(ANNOTATION)?.as_str()?;
    let behaviour: Behaviour = match serde_json::from_str(text) {
        Ok(behaviour) => behaviour,
        Err(error) => {
            tracing::warn!(pod = pod.name(), %error, "the behaviour in the annotation is not understood");
            return None;
        }
    };
    behaviour.container.as_deref().is_none_or(|it| it == container).then_some(behaviour)
}
