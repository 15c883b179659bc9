//! What others of the namespace show: by which path a twin is ready, and what a neighbour refers to.

use types::{Evidence, SlipKind};

use crate::casebook::gathered;

/// A Deployment with this pod spec and a pod of it in this state; of one that is ready since then, all is well.
fn deployment(name: &str, (labels, spec): (&str, &str), ready_since: Option<&str>) -> String {
    let (ready, status) = match ready_since {
        Some(since) => (
            "readyReplicas: 1, availableReplicas: 1",
            format!(
                "conditions: [{{type: PodScheduled, status: 'True'}}, {{type: Ready, status: 'True', lastTransitionTime: {since}}}]
  containerStatuses: [{{name: app, image: x, imageID: '', ready: true, restartCount: 0, state: {{running: {{startedAt: 2026-11-28T09:00:00Z}}}}}}]"
            ),
        ),
        None => (
            "readyReplicas: 0",
            "conditions: [{type: PodScheduled, status: 'True'}]
  containerStatuses: [{name: app, image: x, imageID: '', ready: false, restartCount: 0, state: {running: {startedAt: 2026-11-28T09:00:00Z}}}]"
                .to_owned(),
        ),
    };
    format!(
        "---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop, uid: {name}, generation: 1, labels: {labels}, creationTimestamp: 2026-11-28T08:00:00Z}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: {spec}}}}}
status: {{replicas: 1, updatedReplicas: 1, observedGeneration: 1, {ready}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {{name: {name}-1, namespace: shop, uid: {name}-1, labels: {{app: {name}, pod-template-hash: '1'}}, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: Deployment, name: {name}, uid: {name}}}]}}
spec: {{replicas: 1, selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}, pod-template-hash: '1'}}}}, spec: {spec}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}-1-x, namespace: shop, uid: {name}-1-x, labels: {{app: {name}, pod-template-hash: '1'}}, creationTimestamp: 2026-11-28T08:00:00Z, ownerReferences: [{{apiVersion: apps/v1, controller: true, kind: ReplicaSet, name: {name}-1, uid: {name}-1}}]}}
spec: {spec}
status:
  phase: Running
  {status}
"
    )
}

fn facts(parts: &[String]) -> Evidence {
    let frame = "{taken_at: 2026-11-28T10:00:00Z, root: Deployment web}\n";
    gathered(&format!("{frame}{}", parts.concat()))
}

const EARLY: Option<&str> = Some("2026-11-28T09:00:00Z");
const NOW: Option<&str> = Some("2026-11-28T09:59:30Z");

fn asks(path: &str, more: &str) -> String {
    let ports = "ports: [{name: http, containerPort: 80}]";
    format!(
        "{{containers: [{{name: app, image: 'shop/web:1', {ports}, readinessProbe: {{httpGet: {{path: '{path}', port: http}}}}{more}}}]}}"
    )
}

/// What is told of the path of its readiness probe, which is not there, and whether that is all that differs.
fn meant(own: &str, twins: &[(&str, Option<&str>)]) -> Option<(String, bool)> {
    let event = "---
apiVersion: v1
kind: Event
metadata: {name: web-1-x.1, namespace: shop}
involvedObject: {kind: Pod, name: web-1-x, namespace: shop, uid: web-1-x, fieldPath: 'spec.containers{app}'}
type: Warning
reason: Unhealthy
message: 'Readiness probe failed: HTTP probe failed with statuscode: 404'
count: 9
lastTimestamp: 2026-11-28T09:59:50Z
";
    let mut parts = vec![deployment("web", ("{}", own), None), event.to_owned()];
    let of_twin = |(at, it): (usize, &(&str, Option<&str>))| {
        deployment(&format!("twin{at}"), ("{}", it.0), it.1)
    };
    parts.extend(twins.iter().enumerate().map(of_twin));
    let evidence = facts(&parts);
    let slip = evidence.slips.iter().find(|it| it.kind == SlipKind::Probe)?;
    assert!(slip.path.ends_with("/readinessProbe/httpGet/path"));
    assert!(slip.shown_by.starts_with("Deployment twin0 runs the same image"), "{}", slip.shown_by);
    Some((slip.edits.first()?.to.as_ref()?.as_str()?.to_owned(), slip.alike))
}

#[test]
fn a_path_by_which_a_twin_is_ready_is_what_was_meant() {
    let (own, twin) = (asks("/ready", ""), asks("/healthz", ""));
    let expected = |alike: bool| Some(("/healthz".to_owned(), alike));

    assert_eq!(meant(&own, &[(&twin, EARLY)]), expected(true));
    assert_eq!(meant(&own, &[(&twin, EARLY), (&twin, EARLY)]), expected(true));
    // By number, and told something that nobody knows of its twin.
    let number = twin.replace("port: http", "port: 80");
    assert_eq!(meant(&own, &[(&number, EARLY)]), expected(true));
    let told = asks("/ready", ", args: ['--mode=batch']");
    assert_eq!(meant(&told, &[(&twin, EARLY)]), expected(false));
}

#[test]
fn what_is_no_twin_or_is_not_ready_for_long_says_nothing_of_a_path() {
    let (own, twin) = (asks("/ready", ""), asks("/healthz", ""));

    for (what, other) in [
        ("another image", twin.replace("web:1", "web:2")),
        ("another port", twin.replace("containerPort: 80", "containerPort: 81")),
        ("another scheme", twin.replace("port: http}", "port: http, scheme: HTTPS}")),
        ("another host", twin.replace("port: http}", "port: http, host: 10.0.0.1}")),
        ("another program", asks("/healthz", ", command: [worker]")),
        ("no path of letters", asks("/healthz?token=s3cret", "")),
        ("the same path", own.clone()),
    ] {
        assert_eq!(meant(&own, &[(&other, EARLY)]), None, "{what}");
    }
    assert_eq!(meant(&own, &[(&twin, None)]), None);
    assert_eq!(meant(&own, &[(&twin, NOW)]), None);
    // Two that are ready by different paths, and one by the very path.
    assert_eq!(meant(&own, &[(&twin, EARLY), (&asks("/up", ""), EARLY)]), None);
    assert_eq!(meant(&own, &[(&twin, EARLY), (&own, EARLY)]), None);
}

fn reads(map: &str) -> String {
    format!(
        "{{containers: [{{name: app, image: 'shop/web:1', envFrom: [{{configMapRef: {{name: {map}}}}}]}}]}}"
    )
}

fn config_map(name: &str, labels: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop, labels: {labels}}}\ndata: {{port: '80'}}\n"
    )
}

/// What speaks for the map that was probably meant by `web-cfg`.
fn vouched(map: &str, others: &[String]) -> Option<String> {
    let mut parts =
        vec![deployment("web", ("{part-of: shop}", &reads("web-cfg")), None), map.to_owned()];
    parts.extend(others.iter().cloned());
    let evidence = facts(&parts);
    let reference = evidence.references.first().unwrap();
    assert_eq!(reference.meant.as_deref(), Some("web-config"));
    reference.vouched.clone()
}

#[test]
fn a_ready_neighbour_of_the_group_speaks_for_the_map_that_it_reads() {
    let map = config_map("web-config", "{}");
    let reader =
        |name: &str, labels: &str, since| [deployment(name, (labels, &reads("web-config")), since)];
    let said = |name: &str| Some(format!("Deployment {name}, which is ready, refers to it"));

    assert_eq!(vouched(&map, &reader("web-worker", "{}", EARLY)), said("web-worker"));
    assert_eq!(vouched(&map, &reader("mailer", "{part-of: shop}", EARLY)), said("mailer"));
    // Of another team, of no group, not ready, and a reader of something else.
    assert_eq!(vouched(&map, &reader("web-worker", "{part-of: bank}", EARLY)), None);
    assert_eq!(vouched(&map, &reader("mailer", "{}", EARLY)), None);
    assert_eq!(vouched(&map, &reader("webmail", "{}", EARLY)), None);
    assert_eq!(vouched(&map, &reader("web-worker", "{}", None)), None);
    let other = [deployment("web-worker", ("{}", &reads("web-flags")), EARLY)];
    assert_eq!(vouched(&map, &other), None);
}

#[test]
fn the_same_words_in_another_order_are_spoken_for_as_another_word_is() {
    let vouched = |wrong: &str, map: &str, reader: &str| {
        let own = deployment("web", ("{}", &reads(wrong)), None);
        let reader = deployment(reader, ("{}", &reads(map)), EARLY);
        let evidence = facts(&[own, config_map(map, "{}"), reader]);
        let reference = evidence.references.first().unwrap();
        assert_eq!(reference.near_miss.as_deref(), Some(map));
        reference.vouched.clone()
    };
    let said = Some("Deployment web-worker, which is ready, refers to it".to_owned());

    assert_eq!(vouched("config-web", "web-config", "web-worker"), said);
    assert_eq!(vouched("config-web", "web-config", "mailer"), None);
    // A slip of the finger needs no neighbour.
    assert_eq!(vouched("web-cofnig", "web-config", "web-worker"), None);
}

fn mounts(claim: &str) -> String {
    format!(
        "{{containers: [{{name: app, image: 'shop/web:1'}}], volumes: [{{name: d, persistentVolumeClaim: {{claimName: {claim}}}}}]}}"
    )
}

#[test]
fn a_claim_is_free_where_nobody_has_to_do_with_it() {
    let claim = "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: web-uploads, namespace: shop}\nspec: {}\nstatus: {phase: Bound}\n";
    let free = |others: &str| {
        let own = deployment("web", ("{}", &mounts("web-uploads-pvc")), None);
        let evidence = facts(&[own, claim.to_owned(), others.to_owned()]);
        let reference = evidence.references.first().unwrap();
        assert_eq!(reference.meant.as_deref(), Some("web-uploads"));
        reference.vouched.is_some()
    };

    assert!(free(""));
    assert!(free(&deployment("other", ("{}", &mounts("other-data")), EARLY)));
    assert!(!free(&deployment("other", ("{}", &mounts("web-uploads")), None)));
}
