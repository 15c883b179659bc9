//! What did not help is not written again: by its name, by another name, or by less of it.

use remedy::{PastWrite, Policy, World, approve};
use serde_json::json;
use types::{Edit, Evidence, Fault, FixPlan, Kind, Verdict};

use crate::scene::{self, APP, edit};

/// A fix of this workload and this spec that was taken back.
fn undone(strategy: &str, edits: Vec<Edit>) -> PastWrite {
    PastWrite {
        spec_hash: "00000000deadbeef".to_owned(),
        strategy: strategy.to_owned(),
        edits,
        ..scene::write("web", 100, Some(Verdict::Unchanged))
    }
}

fn limit(to: &str) -> Edit {
    edit(&format!("{APP}/resources/limits/memory"), "64Mi", to)
}

#[track_caller]
fn check(plan: &FixPlan, evidence: &Evidence, writes: &[PastWrite], expected: &str) {
    let answer = approve(plan.clone(), &Policy::default(), &scene::world(evidence, writes));
    assert_eq!(answer.map_or_else(|it| it.code().to_owned(), |_| "ok".to_owned()), expected);
}

#[test]
fn a_state_that_did_not_help_is_not_reached_under_another_name() {
    let evidence = scene::rolled_out(Kind::Deployment);
    let plan = scene::plans(Fault::CrashLoopBackOff, &evidence).remove(0);
    let image = edit(&format!("{APP}/image"), "shop/web:1.4", "shop/web:1.3");

    let same = undone("replace_image_tag", vec![image.clone()]);
    check(&plan, &evidence, std::slice::from_ref(&same), "failed_before");
    let more = undone("replace_image_tag", vec![image.clone(), limit("96Mi")]);
    check(&plan, &evidence, &[more], "ok");
    let mut of_another_spec = same.clone();
    "another".clone_into(&mut of_another_spec.spec_hash);
    check(&plan, &evidence, &[of_another_spec], "ok");
    let mut of_another = same;
    "api".clone_into(&mut of_another.subject.name);
    check(&plan, &evidence, &[of_another], "ok");
}

#[test]
fn what_was_mended_and_put_back_by_somebody_is_a_persons_to_decide() {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let plan = scene::plans(Fault::OomKilled, &evidence).remove(0);
    let mended = |name: &str, edit: Edit| PastWrite {
        edits: vec![edit],
        ..scene::write(name, 1000, Some(Verdict::Recovered))
    };

    check(&plan, &evidence, &[mended("web", limit("96Mi"))], "needs_approval");
    check(&plan, &evidence, &[mended("web", limit("80Mi"))], "needs_approval");
    // It holds another value than before, or it was another field, or another workload.
    let lower = edit(&format!("{APP}/resources/limits/memory"), "32Mi", "64Mi");
    check(&plan, &evidence, &[mended("web", lower)], "ok");
    let image = edit(&format!("{APP}/image"), "shop/web:1.4", "shop/web:1.3");
    check(&plan, &evidence, &[mended("web", image)], "ok");
    check(&plan, &evidence, &[mended("api", limit("96Mi"))], "ok");

    let world = World { authority: scene::person(), ..scene::world(&evidence, &[]) };
    let writes = [mended("web", limit("96Mi"))];
    assert!(approve(plan, &Policy::default(), &World { writes: &writes, ..world }).is_ok());
}

#[test]
fn the_same_state_is_known_however_the_edits_are_cut() {
    let mut evidence = scene::rolled_out(Kind::Deployment);
    let whole = Edit {
        from: None,
        ..edit(&format!("{APP}/resources"), json!(null), json!({"limits": {"memory": "96Mi"}}))
    };
    evidence.revisions[1].edits = vec![whole];
    let plan = scene::plans(Fault::CrashLoopBackOff, &evidence).remove(0);

    check(
        &plan,
        &evidence,
        &[undone("raise_memory_limit@1.5", vec![limit("96Mi")])],
        "failed_before",
    );
    check(&plan, &evidence, &[undone("raise_memory_limit@1.5", vec![limit("97Mi")])], "ok");
}

#[test]
fn a_revision_that_a_failed_fix_made_is_no_aim() {
    let evidence = scene::rolled_out(Kind::Deployment);
    let plan = scene::plans(Fault::CrashLoopBackOff, &evidence).remove(0);
    let mut made = undone("raise_memory_limit@2", vec![limit("128Mi")]);
    "of another spec".clone_into(&mut made.spec_hash);

    made.result_hash = Some(evidence.revisions[1].spec_hash.clone());
    check(&plan, &evidence, std::slice::from_ref(&made), "failed_before");
    made.result_hash = Some("some other".to_owned());
    check(&plan, &evidence, &[made], "ok");
}

#[test]
fn memory_goes_to_double_of_what_was_too_little_and_never_below_it() {
    let evidence = scene::out_of_memory(Kind::Deployment, "64Mi");
    let mut known = evidence.clone();
    known.failed = vec![scene::failed_raise("raise_memory_limit@2", "128Mi")];
    let four_times = scene::plans(Fault::OomKilled, &known).remove(0);
    let [less, double] = &scene::plans(Fault::OomKilled, &evidence)[..] else {
        panic!("two doses")
    };
    let mut too_little = undone("raise_memory_limit@2", vec![limit("128Mi")]);
    too_little.again = true;

    check(&four_times, &evidence, &[], "out_of_scope");
    check(&four_times, &evidence, std::slice::from_ref(&too_little), "ok");
    check(less, &evidence, std::slice::from_ref(&too_little), "failed_before");
    check(double, &evidence, std::slice::from_ref(&too_little), "failed_before");
    // Something else was wrong with it then: that says nothing of the amount.
    too_little.again = false;
    check(&four_times, &evidence, std::slice::from_ref(&too_little), "out_of_scope");
    check(less, &evidence, std::slice::from_ref(&too_little), "ok");
}

#[test]
fn cpu_goes_to_double_of_what_was_too_little_and_never_below_it() {
    let evidence = scene::starved(Kind::Deployment, "500m", 490);
    let of_cpu = |evidence: &Evidence| {
        let mut plans = scene::plans(Fault::StartupProbeFailing, evidence);
        plans.retain(|it| it.strategy.name() == "raise_cpu_limit");
        plans
    };
    let path = format!("{APP}/resources/limits/cpu");
    let mut known = evidence.clone();
    let double = vec![edit(&path, "500m", "1000m")];
    known.failed = vec![scene::failed_raise("raise_cpu_limit@2", "")];
    known.failed[0].edits.clone_from(&double);
    let four_times = of_cpu(&known).remove(0);
    let less = of_cpu(&evidence).remove(0);
    let mut too_little = undone("raise_cpu_limit@2", double.clone());
    too_little.again = true;

    check(&four_times, &evidence, &[], "out_of_scope");
    check(&four_times, &evidence, std::slice::from_ref(&too_little), "ok");
    check(&less, &evidence, std::slice::from_ref(&too_little), "failed_before");
    too_little.again = false;
    check(&four_times, &evidence, std::slice::from_ref(&too_little), "out_of_scope");
    // What was written of memory says nothing of CPU.
    let mut of_memory = undone("raise_memory_limit@2", double);
    of_memory.again = true;
    check(&four_times, &evidence, &[of_memory], "out_of_scope");
}
