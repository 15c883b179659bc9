//! CronJobs with their last Jobs.

use serde_json::{Value, json};

use super::pods::{self, Birth, template};
use super::statuses::End;
use super::workloads::{App, word};
use super::{Draw, owner, services, team, written_by};

/// Jobs of a CronJob that are kept, each with its pod.
pub(super) const JOBS: usize = 3;
/// One of so many CronJobs has a last Job that failed.
const FAILING: usize = 20;
const HOUR: usize = 60 * 60;

/// Puts the CronJob of this number, its last Jobs, their pods, and its ConfigMap.
pub(super) fn put(draw: &mut Draw, n: usize) {
    let namespace = team(n % draw.size.namespaces());
    let name = format!("{}-report-{n}", word(draw));
    let app = App::new(draw, namespace, name);
    let app = App { trouble: None, sidecar: false, ..app };
    let template = job_template(&app);
    let cron_job = cron_job(draw, &app, &template);
    let owned = owner(&cron_job);
    draw.put("cronjobs", cron_job);
    let fails = draw.chance.below(FAILING) == 0;
    for back in (0..JOBS).rev() {
        let age = HOUR * back + HOUR / 2;
        let app = App { age, ..again(&app) };
        let end = if fails && back == 0 { End::Failed } else { End::Done };
        job(draw, &app, (&template, &owned), end);
    }
    services::config(draw, &app);
}

fn again(app: &App) -> App {
    App {
        namespace: app.namespace.clone(),
        name: app.name.clone(),
        account: app.account.clone(),
        ..*app
    }
}

/// A template whose pods come to their end.
fn job_template(app: &App) -> Value {
    let mut template = template(app, 0);
    template["spec"]["restartPolicy"] = json!("Never");
    if let Some(container) = template["spec"]["containers"][0].as_object_mut() {
        container.retain(|name, _| !name.ends_with("Probe") && name != "ports");
    }
    template
}

fn cron_job(draw: &mut Draw, app: &App, template: &Value) -> Value {
    let mut metadata = draw.metadata(&app.namespace, &app.name, app.age);
    metadata["generation"] = json!(1);
    metadata["labels"] = app.labels();
    let spec = json!({"schedule": "30 * * * *", "concurrencyPolicy": "Forbid", "suspend": false,
        "successfulJobsHistoryLimit": JOBS, "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": app.selector()},
            "spec": {"backoffLimit": 0, "template": template}}});
    let mut object =
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec});
    let at = draw.ago(HOUR / 2);
    let status = json!({"lastScheduleTime": at, "lastSuccessfulTime": at});
    written_by(&mut object, "helm", ("kube-controller-manager", status));
    object
}

fn job(draw: &mut Draw, app: &App, (template, owned): (&Value, &Value), end: End) {
    let name = format!("{}-{}", app.name, 29_000_000 + draw.chance.below(1_000_000));
    let mut metadata = draw.metadata(&app.namespace, &name, app.age);
    let uid = metadata["uid"].clone();
    metadata["labels"] = app.selector();
    metadata["ownerReferences"] = owned.clone();
    let mut template = template.clone();
    let labels = &mut template["metadata"]["labels"];
    labels["batch.kubernetes.io/job-name"] = json!(name);
    labels["batch.kubernetes.io/controller-uid"] = uid.clone();
    let spec = json!({"backoffLimit": 0, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed",
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}, "template": template});
    let at = draw.ago(app.age);
    let condition = |kind: &str, reason: &str, message: &str| {
        json!([{"type": kind, "status": "True", "reason": reason, "message": message,
            "lastProbeTime": at, "lastTransitionTime": at}])
    };
    let status = match end {
        End::Done => json!({"startTime": at, "completionTime": at, "succeeded": 1, "ready": 0,
            "conditions": condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods")}),
        End::Failed => json!({"startTime": at, "failed": 1, "ready": 0,
            "conditions": condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit")}),
    };
    let mut object =
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec});
    written_by(&mut object, "kube-controller-manager", ("kube-controller-manager", status));
    let owned = owner(&object);
    draw.put("jobs", object);
    let prefix = format!("{name}-");
    let pod = format!("{prefix}{}", draw.chance.letters(5));
    let birth = Birth { prefix, end: Some(end), ..Birth::of(&owned, pod) };
    pods::put(draw, app, &template, &birth);
}
