//! What nodes hold, and which of it is told.

use serde_json::json;

use super::*;

fn node(name: &str, images: &[&str]) -> Arc<Node> {
    let images: Vec<_> = images.iter().map(|it| json!({"names": [it]})).collect();
    let node = json!({"metadata": {"name": name}, "status": {"images": images}});
    Arc::new(serde_json::from_value(node).unwrap())
}

fn held(wanted: &str, images: &[&str]) -> Vec<HeldImage> {
    near(&[short(wanted)], &[node("node1", images)], &Redactor::new([0; 32]))
}

/// What is told of the images of one node: `Tag`, `Repository` or `Same`, and which.
#[track_caller]
fn check(wanted: &str, images: &[&str], expected: Option<(&str, &str)>) {
    let held = held(wanted, images);
    let told = found(&held, &[], wanted).map(|it| match it {
        Held::Same(it) => ("same", it.image.as_str()),
        Held::Tag(it) => ("tag", it.image.as_str()),
        Held::Repository(it) => ("repository", it.image.as_str()),
        Held::Whole(it) => ("whole", it.image.as_str()),
    });
    assert_eq!(told, expected, "{wanted} of {images:?}");
}

#[test]
fn a_slip_in_a_tag_or_in_a_repository_is_seen() {
    check("nginx:1.277", &["docker.io/library/nginx:1.27"], Some(("tag", "nginx:1.27")));
    check("nginx:1.72", &["nginx:1.27", "nginx:1.25"], Some(("tag", "nginx:1.27")));
    check("shop/web:stabel", &["docker.io/shop/web:stable"], Some(("tag", "shop/web:stable")));
    check("ngnix:1.27", &["nginx:1.25", "nginx:1.27"], Some(("repository", "nginx:1.27")));
    check("ngnix:1.27", &["nginx:1.25"], Some(("repository", "nginx:1.25")));
    check("docker.io/library/ngnix", &["nginx:latest"], Some(("repository", "nginx:latest")));
    check(
        "registry.exmaple.com/shop/web:1",
        &["registry.example.com/shop/web:1"],
        Some(("repository", "registry.example.com/shop/web:1")),
    );
}

#[test]
fn a_name_without_its_colon_is_seen() {
    check("nginx1.27", &["nginx:1.27", "nginx:1.25"], Some(("whole", "nginx:1.27")));
    check("nginx1.28", &["nginx:1.27", "nginx:1.25"], None);
}

#[test]
fn the_very_image_is_no_slip() {
    check("web:1.4", &["docker.io/library/web:1.4", "web:v1.4"], Some(("same", "web:1.4")));
    check("nginx", &["nginx:latest"], Some(("same", "nginx:latest")));
}

#[test]
fn where_two_may_be_meant_none_is() {
    check("nginx:1.27-alpinx", &["nginx:1.27-alpine", "nginx:1.27-alpina"], None);
    check("ngnix:1.27", &["nginx:1.25", "nginx:1.26"], None);
    check("nginy:1.27", &["nginx:1.27", "nginz:1.27"], None);
    // Either the tag or the repository.
    check("shop/web:stabel", &["shop/web:stable", "shop/wev:stabel"], None);
}

#[test]
fn another_digit_is_another_version() {
    check("shop/web:build-1042", &["shop/web:build-1041"], None);
    check("nginx:1.28", &["nginx:1.27"], None);
    check("shop/web:v1.10.0", &["shop/web:v1.9.0"], None);
    // Who wants the latest made no slip.
    check("shop/web", &["shop/web:lates"], None);
}

#[test]
fn what_is_known_to_run_or_wanted_by_digest_is_not_looked_for_on_nodes() {
    let ready = |image: &str| ImageFacts {
        image: image.to_owned(),
        seen_in: "Pod shop/other".to_owned(),
        own: false,
    };
    let on_node = held("nginx:1.277", &["nginx:1.27"]);

    assert!(found(&on_node, &[ready("redis:7")], "nginx:1.277").is_some());
    assert_eq!(found(&on_node, &[ready("nginx:1.25")], "nginx:1.277"), None);
    assert_eq!(found(&on_node, &[ready("docker.io/library/nginy:1")], "nginx:1.277"), None);
    assert_eq!(found(&on_node, &[], "nginx:1.277@sha256:0123"), None);
}

#[test]
fn only_what_is_near_is_kept_with_the_first_node_by_name() {
    let nodes = [
        node("node2", &["nginx:1.27", "nginx:1.26", "redis:7", "nginx@sha256:0123"]),
        node("node1", &["docker.io/library/nginx:1.27", "postgres:17"]),
    ];

    let held = near(&["nginx:1.277"], &nodes, &Redactor::new([0; 32]));

    let told: Vec<_> = held.iter().map(|it| (it.image.as_str(), it.node.as_str())).collect();
    assert_eq!(told, [("nginx:1.27", "node1")]);
}

#[test]
fn of_a_great_many_the_nearest_are_kept() {
    let mut names: Vec<String> = (0..100).map(|it| format!("shop/web:rev{it:02}-abc")).collect();
    names.push("shop/web:stable".to_owned());
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wanted = ["shop/web:rev-abc", "shop/web:stabel"];

    let held = near(&wanted, &[node("node1", &names)], &Redactor::new([0; 32]));

    assert_eq!((held.len(), held[0].image.as_str()), (MAX_HELD, "shop/web:stable"));
}

#[test]
fn a_name_that_is_none_or_looks_like_a_secret_is_kept_nowhere() {
    let secret = "ghp_0123456789abcdefghij0123456789abcdef";
    let wanted = format!("{secret}x:1");
    let on_node = format!("{secret}:1");

    assert_eq!(held(&wanted, &[&on_node]), []);
    assert_eq!(held("nginx:1.277", &["nginx:1.27\nforged: line", "nginx:1.27 ", "nginx"]), []);
    assert_eq!(held("webserver-x:1", &["webserver-y:1"]).len(), 1);
}
