//! What the program prints for others to use: the committed files are what it prints.

use std::process::{Command, Output};

fn print(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_agent"));
    command.args(arguments).current_dir("../..").env_remove("AGENT_POLICY").output().unwrap()
}

#[track_caller]
fn check(arguments: &[&str], file: &str) {
    let output = print(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let path = format!("../../{file}");
    if std::env::var_os("UPDATE_PRINTED").is_some() {
        std::fs::write(&path, &printed).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(
        committed == printed,
        "{file} is not what `agent {}` prints: run with UPDATE_PRINTED=1",
        arguments.join(" ")
    );
}

#[test]
fn the_roles_and_admission_policies_are_those_of_the_reference_policy() {
    let policy = "deploy/policy.yaml";
    check(&["rbac", "--policy", policy], "deploy/base/rbac.yaml");
    check(&["rbac", "--policy", policy, "--admission"], "deploy/base/admission.yaml");
}

#[test]
fn the_schema_of_a_policy_is_committed() {
    check(&["policy", "schema"], "docs/policy.schema.json");
}

#[test]
fn a_policy_is_looked_at_before_an_agent_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let check = |policy: &str| {
        let file = folder.path().join("policy.yaml");
        std::fs::write(&file, policy).unwrap();
        let output = print(&["policy", "check", file.to_str().unwrap()]);
        let told =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), told)
    };

    let (code, told) = check("strategies: {restart_pod: auto, roll_back: off}");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("restart_pod          without asking"), "{told}");
    assert!(told.contains("roll_back            never"), "{told}");
    assert!(!told.contains("Notice"), "{told}");
    let (_, told) = check("{}");
    assert!(told.contains("without limits of memory and CPU"), "{told}");
    for (policy, word) in [
        ("strategies: {restart_rollout: auto}", "never `auto`"),
        ("strategies: {exec: auto}", "is none of"),
        ("caps: {workload_per_hours: 9}", "workload_per_hours"),
        ("lock: {after_failures: 0}", "lock.after_failures"),
        ("allowed_images: [shop/web]", "allowed_images"),
        ("caps: [", "policy.yaml"),
    ] {
        let (code, told) = check(policy);
        assert!(code == Some(1) && told.contains(word), "{policy}: {told}");
    }
    assert_eq!(print(&["policy", "check", "/nowhere"]).status.code(), Some(1));
}

#[test]
fn who_writes_rollbacks_is_there_where_something_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let printed = |policy: &str, more: &[&str]| {
        std::fs::write(&file, policy).unwrap();
        let output = print(&[&["rbac", "--policy", file.to_str().unwrap()], more].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let (on, off) = ("strategies: {roll_back: ask}", "strategies: {roll_back: off}");

    for more in [&[][..], &["--only", "shop"], &["--admission"]] {
        assert!(printed(on, more).contains("restorer"), "{more:?}");
        assert!(!printed(off, more).contains("restorer"), "{more:?}");
    }
    // What holds the executor is the same: of templates, and of pods.
    let held = |text: &str| text.matches("no limit of memory or CPU is dropped").count();
    assert_eq!([on, off].map(|it| held(&printed(it, &["--admission"]))), [2, 2]);
    // Whoever puts templates back does nothing else.
    let roles = printed(on, &["--only", "shop"]);
    let of = |kind: &str| {
        roles
            .split("---\n")
            .find(|it| it.contains(kind) && it.contains("reflexion-restorer"))
            .unwrap()
    };
    let role = of("kind: ClusterRole\n");
    for other in ["services", "pods/resize", "- pods\n", "replicasets", "events", "leases"] {
        assert!(!role.contains(other), "{other}: {role}");
    }
    assert!(of("kind: RoleBinding").contains("namespace: shop"));
}

#[test]
fn the_api_server_looks_at_the_enrolment_where_that_is_wanted() {
    let held = |more: &[&str]| {
        let output = print(&[&["rbac", "--admission"], more].concat());
        String::from_utf8(output.stdout).unwrap().matches("is not enrolled").count()
    };

    assert_eq!(held(&[]), 0);
    // Templates, pods and Services of the one, templates and pods of the other.
    assert_eq!(held(&["--enrolled-only"]), 5);
    assert!(!print(&["rbac", "--enrolled-only"]).status.success());
}

#[test]
fn what_a_policy_denies_the_admission_policies_deny_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.yaml");
    let printed = |policy: &str| {
        std::fs::write(&file, policy).unwrap();
        let output = print(&["rbac", "--policy", file.to_str().unwrap(), "--admission"]);
        String::from_utf8(output.stdout).unwrap()
    };

    // Workloads, pods and Services, and of the restorer workloads and evictions.
    let text = printed("denied_namespaces: [payments, \"it's nowhere\"]");
    assert_eq!(text.matches("'payments'").count(), 5, "{text}");
    assert!(!text.contains("nowhere"), "{text}");
    assert!(!printed("{}").contains("payments"));
}

#[test]
fn roles_follow_the_policy_and_the_namespaces() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    std::fs::write(
        &policy,
        "strategies: {raise_memory_limit: off, lower_requests: off, raise_cpu_limit: off}",
    )
    .unwrap();
    let roles = |more: &[&str]| {
        let output = print(&[&["rbac", "--policy", policy.to_str().unwrap()], more].concat());
        String::from_utf8(output.stdout).unwrap()
    };

    let all = roles(&[]);
    assert!(!all.contains("pods/resize") && all.contains("pods/eviction"), "{all}");
    assert!(!all.contains("tokenreviews"), "{all}");
    let asked = roles(&["--tokenreview"]);
    assert!(
        asked.contains("- tokenreviews") && asked.contains("- subjectaccessreviews"),
        "{asked}"
    );
    let two = roles(&["--only", "shop,web"]);
    assert!(two.contains("namespace: shop\n") && two.contains("namespace: web\n"), "{two}");
    assert_eq!(
        all.matches("ClusterRoleBinding").count() - two.matches("ClusterRoleBinding").count(),
        2
    );
    let none = roles(&["--observe"]);
    assert!(
        ["patch", "create", "executor", "restorer"].iter().all(|it| !none.contains(it)),
        "{none}"
    );
}
