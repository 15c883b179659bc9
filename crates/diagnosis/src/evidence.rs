//! Objects become facts, redacted on the way.

mod pods;
mod cut_off;
mod containers;
mod waits;
mod sleeps;
mod files;
mod given;
mod fills_memory;
mod probes;
mod probed;
mod workload;
mod events;
mod revisions;
mod host_mounts;
mod plain_values;
mod turned_back;
mod held_back;
mod earlier_jobs;
mod outdated;
mod diff;
mod references;
mod belonging;
mod brought;
pub(crate) mod labels;
mod classes;
pub(crate) mod images;
mod held;
pub(crate) use held::{Held, WAITING, instead};
pub(crate) use images::{repository, tag};
pub(crate) use listens::listens_alone;
pub use references::named_secrets;
pub(crate) use references::{continued, known_secrets};
pub(crate) use spots::address_in;
mod room;
mod allowance;
mod failing;
mod slips;
mod placing;
mod stray;
mod scopes;
mod gates;
mod devices;
mod spots;
mod left_behind;
mod wedged;
mod leftovers;
mod maintenance;
mod listens;
mod next_run;
mod demands;
mod company;
mod surge;
mod neighbours;
mod node_mates;
mod services;
mod traffic;
pub(crate) mod owners;
mod vertical;
mod hands;
mod last_change;
mod secrets;

pub use belonging::whose;
pub use references::forget_unmounted_secrets;
pub use secrets::{secrets, secrets_of_pod};

use types::{Context, Evidence, Kind};

use crate::{Objects, Redactor, Root};

/// The facts in these objects, redacted. What the workload's template hides is hidden in all of them.
pub fn gather(objects: &Objects, redactor: &Redactor) -> Evidence {
    facts(objects, &redactor.knowing(&secrets(objects, redactor)))
}

/// The same by a redactor that knows what the template hides.
pub fn facts(objects: &Objects, redactor: &Redactor) -> Evidence {
    if let Root::Service(service) = &objects.root {
        return traffic::gather(service, objects, redactor);
    }
    held_back::facts(objects, redactor, of_workload)
        .unwrap_or_else(|| of_workload(objects, redactor))
}

/// The facts of a workload by its present template.
fn of_workload(objects: &Objects, redactor: &Redactor) -> Evidence {
    let current = revisions::current_hash(objects);
    let pods = pods::facts(objects, current.as_deref(), redactor);
    let events = events::facts(objects, redactor);
    let revisions = revisions::facts(objects, redactor);
    let containers = containers::facts(objects, &pods, redactor);
    let workload = workload::facts(objects, &pods, &revisions, redactor);
    let images = images::facts(objects, &containers, &revisions, redactor);
    let on_nodes = held::facts(objects, &containers, redactor);
    let told = slips::Told {
        containers: &containers,
        revisions: &revisions,
        images: &images,
        on_nodes: &on_nodes,
    };
    let mut slips = slips::facts(objects, &told, redactor);
    slips.extend(company::slips(objects, redactor));
    slips.extend(surge::slip(objects));
    Evidence {
        taken_at: objects.taken_at,
        cluster: objects.cluster.clone(),
        subject: objects.root.object_ref(),
        images,
        on_nodes,
        references: references::facts(objects),
        nodes: room::facts(objects, redactor),
        neighbours: neighbours::facts(objects),
        node_mates: node_mates::facts(objects),
        services: services::facts(objects),
        service: None,
        unread: objects.unread.iter().map(|it| redactor.redact(it)).collect(),
        failed: vec![],
        slips,
        room: allowance::facts(objects),
        leftovers: leftovers::facts(objects),
        kubernetes_minor: objects.kubernetes_minor,
        registry_tags: None,
        manifest: workload::open_job(objects),
        workload,
        containers,
        pods,
        events,
        revisions,
    }
}

/// What experience with this workload is kept under.
pub fn context(evidence: &Evidence) -> Context {
    let image = evidence.containers.iter().find(|it| !it.ready).or(evidence.containers.first());
    let family = image.map(|it| images::family(&it.image)).unwrap_or_default();
    Context {
        owner_kind: evidence.subject.kind,
        image_family: family,
        workload_class: match evidence.subject.kind {
            Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet => "service",
            Kind::DaemonSet => "daemon",
            Kind::Job | Kind::CronJob => "batch",
            Kind::Service => "traffic",
            Kind::Pod | Kind::Node | Kind::PersistentVolumeClaim | Kind::ConfigMap => "pod",
        }
        .to_owned(),
        since_rollout: evidence.revisions.iter().any(|it| !it.current && it.was_ready),
    }
}
