//! The casebook: objects of a cluster, and word for word what is said and offered about them.
//!
//! `UPDATE_CASEBOOK=1` writes what is said now into the pages; a reviewer reads the difference.

mod all;
mod crowd;
mod honest;
mod offers;
mod page;
pub(crate) mod scene;

use std::collections::BTreeSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use diagnosis::{
    AllPods, Objects, PodOutline, Redactor, Root, ServiceOutline, Snapshot, of_workload,
};
use types::{Evidence, Finding, Risk, Strategy};

use page::Page;

/// The pages, in order.
fn pages() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/casebook");
    let mut pages: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.extension().is_some_and(|it| it == "md"))
        .collect();
    pages.sort();
    pages
}

/// What is said about this evidence; a state of health when nothing is wrong.
fn said(evidence: &Evidence) -> String {
    let found = diagnosis::diagnose(evidence);
    if found.is_empty() {
        let state = if diagnosis::healthy(evidence) { "healthy" } else { "on its way" };
        return state.to_owned();
    }
    lines(&found)
}

/// What the analysis of one pod says: as above, with what is known from around it.
fn analyzed(evidence: &Evidence, text: &str) -> String {
    let found = diagnosis::diagnose(evidence);
    if found.is_empty() {
        return said(evidence);
    }
    let around = scene::around_root(text);
    let found = diagnosis::told_of_keys(found, evidence, &[]);
    lines(&diagnosis::explained(&around, evidence, found, &Redactor::new([0; 32])))
}

/// Each block of objects, with the name of its page.
pub(crate) fn blocks() -> Vec<(String, String)> {
    let of_page = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().display().to_string();
        let page = Page::read(&text).unwrap();
        page.objects().map(|it| (name.clone(), it.to_owned())).collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of_page).collect()
}

/// The evidence about the root of these objects.
pub(crate) fn gathered(text: &str) -> Evidence {
    scene::evidence(text)
}

/// What explains the trouble of the root of these objects from beyond it, with this known to be wrong beside it.
pub(crate) fn caused_by(text: &str, others: Vec<Finding>) -> Vec<String> {
    let around = Snapshot::around(&scene::objects(text));
    let evidence = scene::evidence(text);
    let found = diagnosis::diagnose(&evidence);
    let redactor = Redactor::new([0; 32]);
    let causes = diagnosis::causes_beyond(&around, (&evidence, &found), others, &redactor);
    causes.iter().map(ToString::to_string).collect()
}

/// What a scan of these objects finds; `None` where they are about one workload alone.
pub(crate) fn scanned(text: &str) -> Option<Vec<Finding>> {
    scene::snapshot(text).map(|it| found(&it, text))
}

fn found(snapshot: &Snapshot, text: &str) -> Vec<Finding> {
    let evidence = scene::workloads(text);
    let found = evidence.iter().flat_map(|it| of_workload(it, &diagnosis::diagnose(it)));
    diagnosis::survey(snapshot, found.collect(), &Redactor::new([0; 32]))
}

/// What a scan of the whole page says; its workloads have their say as well.
fn surveyed(snapshot: &Snapshot, text: &str) -> String {
    told(&found(snapshot, text))
}

fn told(found: &[Finding]) -> String {
    if found.is_empty() { "nothing is wrong".to_owned() } else { lines(found) }
}

fn lines<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_page_says_what_is_said() {
    let update = std::env::var_os("UPDATE_CASEBOOK").is_some();
    let mut wrong = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let page = Page::read(&text).unwrap_or_else(|it| panic!("{}: {it}", path.display()));
        let retold = page.retold(|objects| {
            if let Some(snapshot) = scene::snapshot(objects) {
                let found = found(&snapshot, objects);
                return (told(&found), offers::of_cluster(objects, &snapshot, &found));
            }
            let evidence = scene::evidence(objects);
            (analyzed(&evidence, objects), offers::of_root(&evidence))
        });
        if retold != text && update {
            std::fs::write(&path, &retold).unwrap();
        } else if retold != text {
            wrong.push(first_difference(&path, &text, &retold));
        }
    }
    assert!(
        wrong.is_empty(),
        "run with UPDATE_CASEBOOK=1 and read the difference:\n{}",
        wrong.join("\n")
    );
}

fn first_difference(path: &Path, page: &str, told: &str) -> String {
    let name = path.file_name().unwrap().display();
    let pair = page.lines().zip(told.lines()).find(|it| it.0 != it.1);
    let (page, told) = pair.unwrap_or(("the end", "another end"));
    format!("{name}\n  page: {page}\n  now:  {told}")
}

/// The blocks of objects of a page that are about one workload.
fn of_workloads(page: &Page) -> impl Iterator<Item = &str> {
    page.objects().filter(|it| scene::snapshot(it).is_none())
}

#[test]
fn what_is_said_of_a_page_holds_for_any_order_of_its_objects() {
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for objects in of_workloads(&Page::read(&text).unwrap()) {
            let mut turned = scene::objects(objects);
            turned.pods.reverse();
            let all_pods: Vec<_> = turned.all_pods.each().iter().rev().cloned().collect();
            turned.all_pods = Arc::new(AllPods::new(all_pods));
            turned.namespace_pods.reverse();
            turned.events.reverse();
            turned.replica_sets.reverse();
            turned.controller_revisions.reverse();
            turned.workloads.reverse();
            turned.logs.reverse();
            turned.nodes.iter_mut().for_each(|it| it.reverse());

            assert_eq!(
                said(&scene::gathered_beside(&turned, objects)),
                said(&scene::evidence(objects)),
                "{}",
                path.display()
            );
        }
    }
}

#[test]
fn what_a_survey_says_holds_for_any_order_of_its_objects() {
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for objects in Page::read(&text).unwrap().objects() {
            let Some(snapshot) = scene::snapshot(objects) else { continue };
            let mut turned = snapshot.clone();
            turned.pods.reverse();
            turned.workloads.reverse();
            turned.events.reverse();
            turned.nodes.reverse();

            assert_eq!(
                surveyed(&turned, objects),
                surveyed(&snapshot, objects),
                "{}",
                path.display()
            );
        }
    }
}

/// Whether the root is a Service that looks wrong beside the pods of its namespace.
fn is_suspicious_service(objects: &Objects) -> bool {
    let Root::Service(service) = &objects.root else { return false };
    let pods: Vec<_> = objects.namespace_pods.iter().map(|it| PodOutline::of(it)).collect();
    ServiceOutline::of(service).is_suspicious(pods.iter().map(|it| &it.marks))
}

/// What the watcher lets pass unseen would never be diagnosed.
#[test]
fn what_is_diagnosed_was_suspicious_at_first_sight() {
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for objects in of_workloads(&Page::read(&text).unwrap()) {
            let objects = scene::objects(objects);
            let found = diagnosis::diagnose(&scene::gathered(&objects));
            let suspicious = diagnosis::suspicious_workload(&objects.root)
                || objects.jobs.iter().any(|it| diagnosis::lacks_pods(it))
                || objects.pods.iter().any(|it| diagnosis::suspicious_pod(it, objects.taken_at))
                || objects.events.iter().any(|it| diagnosis::tells_of_unmade_job(it))
                || is_suspicious_service(&objects);

            assert!(found.is_empty() || suspicious, "{}", path.display());
        }
    }
}

/// The analysis of one pod reads no more than its namespace.
#[test]
fn a_policy_that_keeps_a_pod_from_resolving_names_is_told_from_its_namespace_alone() {
    let path = pages().into_iter().find(|it| it.ends_with("policy_blocks_lookups.md")).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let redactor = Redactor::new([0; 32]);
    let told = |block: usize| {
        let page = Page::read(&text).unwrap();
        let objects = page.objects().nth(block).unwrap();
        let all = scene::snapshot(objects).unwrap();
        let mut around = Snapshot::at(all.taken_at, "casebook");
        around.pods = all.pods.into_iter().filter(is_in_shop).collect();
        around.workloads = all.workloads;
        around.network_policies = all.network_policies;
        around.namespaces = all.namespaces;
        let evidence = scene::workloads(objects);
        let evidence = evidence.iter().find(|it| it.subject.name == "web-1").unwrap();
        let found = diagnosis::diagnose(evidence);
        let own = of_workload(evidence, &found);
        let beside = diagnosis::beside(&around, &evidence.subject, own, &redactor);
        let explained = diagnosis::explained(&around, evidence, found, &redactor);
        (lines(&beside), lines(&explained))
    };

    let (beside, explained) = told(0);
    assert!(beside.starts_with("critical NetworkPolicy shop/only-db: "), "{beside}");
    let cause =
        ", since NetworkPolicy only-db does not let it reach port 53 (UDP) of the name servers.\n";
    assert!(explained.contains(cause), "{explained}");
    assert!(explained.contains("NetworkPolicy shop/only-db./spec/egress = 5432"), "{explained}");
    let (_, explained) = told(1);
    let cause = ", since NetworkPolicy egress opens port 53 for TCP only, and names are asked for with UDP.\n";
    assert!(explained.contains(cause), "{explained}");
    // A policy that lets everybody ask has nothing to do with it.
    let (beside, explained) = told(2);
    assert_eq!(beside, "");
    assert!(!explained.is_empty() && !explained.contains("NetworkPolicy"), "{explained}");
    // Nobody complains.
    assert_eq!(told(3), (String::new(), String::new()));
}

/// Why a claim is not bound is told with the pod that waits for it, and not with one that does not.
#[test]
fn why_a_claim_is_not_bound_is_told_beside_the_pod_that_mounts_it() {
    let text = "
{taken_at: 2026-11-24T03:00:00Z}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: disk.example.com
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop, creationTimestamp: 2026-11-24T02:50:00Z}
spec: {storageClassName: fats, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
status: {phase: Pending}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, uid: api-1, creationTimestamp: 2026-11-24T02:50:00Z}
spec: {containers: [{name: app, image: 'busybox:1.36'}], volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found'}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, uid: web-1, creationTimestamp: 2026-11-24T02:50:00Z}
spec: {containers: [{name: app, image: 'busybox:1.36'}]}
status:
  phase: Pending
  conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/1 nodes are available: 1 Insufficient cpu.'}]";
    let all = scene::snapshot(text).unwrap();
    let told = |name: &str| {
        let evidence = scene::workloads(text);
        let evidence = evidence.iter().find(|it| it.subject.name == name).unwrap();
        let found = diagnosis::diagnose(evidence);
        let own = of_workload(evidence, &found);
        let beside = diagnosis::beside(&all, &evidence.subject, own, &Redactor::new([0; 32]));
        diagnosis::told_why(found, &beside).remove(0).cause
    };

    assert_eq!(
        told("api"),
        "No node can take the pod: its volume claim data is not bound. PersistentVolumeClaim data: There is no storage \
         class fats; there is fast, which was probably meant; the field cannot be changed: nothing is on the claim yet, so \
         delete it and make it anew with storageClassName: fast."
    );
    assert_eq!(told("web"), "No node can take the pod: not enough CPU.");
}

fn is_in_shop(pod: &Arc<k8s_openapi::api::core::v1::Pod>) -> bool {
    pod.metadata.namespace.as_deref() == Some("shop")
}

/// A new pod is proposed for nearly everything and helps with little: for those faults alone that are in the table.
fn is_new_pod(strategy: &Strategy) -> bool {
    matches!(strategy, Strategy::RestartPod | Strategy::RestartRollout)
}

#[test]
fn what_a_page_offers_to_write_is_believed_in_before_the_first_episode() {
    let mut unknown = BTreeSet::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for objects in of_workloads(&Page::read(&text).unwrap()) {
            let evidence = scene::evidence(objects);
            for found in diagnosis::diagnose(&evidence) {
                let plans = remedy::plans(std::slice::from_ref(&found), &evidence);
                let written =
                    plans.iter().filter(|it| it.risk != Risk::Advice && !it.steps.is_empty());
                for plan in written.filter(|it| !is_new_pod(&it.strategy)) {
                    let key = plan.strategy.key();
                    if !learning::is_believed(found.fault, &key) {
                        unknown.insert(format!("{} {key}", found.fault));
                    }
                }
            }
        }
    }
    assert!(unknown.is_empty(), "no row in learning's table of priors: {unknown:#?}");
}
