//! What is told, what is forgotten of it, and what is not.

use types::Kind;

use super::*;

fn write(number: u128, at: Timestamp) -> SharedWrite {
    SharedWrite {
        id: Uuid::from_u128(number),
        at,
        subject: ObjectRef::named(
            Kind::Deployment,
            "a-namespace-of-some-length",
            "a-workload-with-a-name",
        ),
        spec_hash: "0123456789abcdef".to_owned(),
        strategy: "raise_memory_limit@2".to_owned(),
        under_way: true,
        verdict: Some(Verdict::Unchanged),
        undone: true,
        again: true,
        result_hash: Some("fedcba9876543210".to_owned()),
        amounts: vec![],
    }
}

/// A write with the longest names that there are, and two amounts.
fn long(number: u128, at: Timestamp) -> SharedWrite {
    let path = "/spec/template/spec/containers/0/resources/limits/memory";
    let edit = Edit {
        path: types::FieldPath::parse(path).unwrap(),
        from: Some(serde_json::json!("1024Mi")),
        to: Some(serde_json::json!("1536Mi")),
    };
    let (namespace, name) = ("n".repeat(63), "w".repeat(253));
    SharedWrite {
        subject: ObjectRef::named(Kind::Deployment, &namespace, &name),
        amounts: vec![edit.clone(), edit],
        ..write(number, at)
    }
}

#[test]
fn what_is_told_fits_into_an_annotation_and_the_newest_of_it_is_kept() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    for (make, at_least) in [(write as fn(_, _) -> _, MAX_WRITES), (long, 150)] {
        let mut shared = Shared::default();
        for number in 0..1000_u128 {
            let at = now - SignedDuration::from_secs(i64::try_from(2000 - number).unwrap());
            shared.put(SharedWrite { under_way: false, ..make(number, at) });
        }

        let told = shared.text(now);

        assert!(told.len() < 256 * 1024, "{}", told.len());
        let read = Shared::parse(Some(&told)).unwrap();
        assert!(at_least <= read.writes.len(), "{}", read.writes.len());
        assert_eq!(read.writes.last().unwrap().id, Uuid::from_u128(999));
        assert_eq!(shared.writes.len(), read.writes.len(), "nothing more is kept than is told");
    }
}

#[test]
fn what_is_under_way_is_never_forgotten_for_a_new_write_and_what_has_ended_is() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut shared = Shared::default();
    let mut n_made = 0;
    while shared.make_room_for(long(n_made, now), now) {
        n_made += 1;
    }

    assert_eq!(shared.writes.len(), usize::try_from(n_made).unwrap());
    assert!((150..MAX_WRITES as u128).contains(&n_made), "{n_made}");
    shared.put(SharedWrite { under_way: false, ..long(0, now) });
    assert!(shared.make_room_for(long(n_made, now), now));
    assert!(shared.writes.iter().all(|it| it.under_way && it.id != Uuid::from_u128(0)));
}

#[test]
fn what_was_read_once_is_not_forgotten_when_somebody_leaves_it_out_or_makes_it_older() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let known = Shared { writes: vec![write(1, now), write(2, now)], ..Shared::default() };
    let older = SharedWrite { undone: false, ..write(2, now - SignedDuration::from_hours(3)) };
    let mut told = Shared { writes: vec![older], ..Shared::default() };

    told.recall(&known);

    let kept: Vec<_> = told.writes.iter().map(|it| (it.at, it.undone, it.under_way)).collect();
    assert_eq!(kept, [(now, true, true), (now, true, false)]);
}

#[test]
fn what_is_told_again_is_told_once_and_what_is_old_is_not_told() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let mut shared = Shared::default();
    shared.put(write(1, now));
    shared.put(SharedWrite { under_way: false, ..write(1, now) });
    shared.put(write(2, now - SignedDuration::from_hours(5)));

    let read = Shared::parse(Some(&shared.text(now))).unwrap();

    assert_eq!(read.writes.len(), 1);
    assert!(!read.writes[0].under_way);
}

#[test]
fn what_cannot_be_read_is_not_taken_for_nothing() {
    assert!(Shared::parse(Some("{")).is_err());
    assert_eq!(Shared::parse(None).unwrap(), Shared::default());
}

#[test]
fn what_lies_longer_ago_is_told_with_what_became_of_it_and_no_more_than_fits() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let old = |number: i64| now - SignedDuration::from_hours(5) - SignedDuration::from_secs(number);
    let mut shared = Shared::default();
    for number in 0..200 {
        let ended =
            SharedWrite { under_way: false, ..long(number, old(i64::try_from(number).unwrap())) };
        shared.put(ended);
    }
    shared.put(SharedWrite { verdict: None, under_way: false, ..write(300, old(0)) });
    for number in 0..1000 {
        shared.put(long(1000 + number, now));
    }
    for number in 0..60 {
        shared.storms.insert(format!("namespace-{number}"), old(number));
    }
    shared.writes.truncate(400);

    let told = shared.text(now);

    assert!(told.len() < 256 * 1024, "{}", told.len());
    let read = Shared::parse(Some(&told)).unwrap();
    let kept: Vec<_> = read.earlier.iter().map(|it| it.id.as_u128()).collect();
    assert!(20 <= kept.len() && kept.len() <= 90, "{}", kept.len());
    assert_eq!(
        kept,
        (0..u128::try_from(kept.len()).unwrap()).rev().collect::<Vec<_>>(),
        "the newest, in order"
    );
    assert!(read.earlier.iter().all(|it| it.undone && it.verdict == Verdict::Unchanged));
    assert_eq!(read.storms, [(EVERYWHERE.to_owned(), old(0))].into());
}

#[test]
fn what_failed_or_raged_once_is_not_forgotten_when_somebody_tells_otherwise() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let old = now - SignedDuration::from_hours(5);
    let ended = |number, at| SharedWrite { under_way: false, ..write(number, at) };
    let mut known = Shared {
        mode: Some(Mode::Suggest),
        armed_at: Some(now),
        storms: [("shop".to_owned(), now)].into(),
        writes: vec![ended(1, now), ended(2, old), ended(3, old)],
        ..Shared::default()
    };
    known.forget_old(now);
    let helped = Some(Verdict::Recovered);
    let mut told = Shared {
        storms: [("shop".to_owned(), old), ("store".to_owned(), old)].into(),
        writes: vec![SharedWrite { verdict: helped, undone: false, ..ended(1, now) }],
        ..Shared::default()
    };
    let mut better = known.earlier[0].clone();
    (better.verdict, better.undone) = (Verdict::Recovered, false);
    told.earlier.push(better);

    told.recall(&known);

    assert_eq!((told.mode, told.armed_at), (Some(Mode::Suggest), None));
    let at = |place: &str| told.storms[place];
    assert_eq!((at("shop"), at("store")), (now, old));
    let lately: Vec<_> = told.writes.iter().map(|it| (it.verdict, it.undone)).collect();
    assert_eq!(lately, [(Some(Verdict::Unchanged), true)]);
    let earlier: Vec<_> = told.earlier.iter().map(|it| (it.verdict, it.undone)).collect();
    assert_eq!(earlier, [(Verdict::Unchanged, true); 2]);
}

#[test]
fn what_helped_in_a_time_to_come_is_not_believed_and_what_failed_then_is() {
    let now = Timestamp::from_second(1_700_000_000).unwrap();
    let believed = |ahead, verdict, undone| {
        let at = now + SignedDuration::from_hours(ahead);
        let write = SharedWrite { under_way: false, verdict, undone, ..write(1, at) };
        EarlierWrite::of(&write).unwrap().is_credible(now)
    };
    let (helped, failed) = (Some(Verdict::Recovered), Some(Verdict::Worse));

    assert!(believed(-5, helped, false) && believed(1, failed, false) && believed(1, helped, true));
    assert!(!believed(1, helped, false));
}

#[test]
fn an_older_text_is_read_and_what_a_newer_one_says_besides_is_passed_over() {
    let older = r#"{"mode":"auto","writes":[]}"#;
    let expected = Shared { mode: Some(Mode::Auto), ..Shared::default() };
    assert_eq!(Shared::parse(Some(older)).unwrap(), expected);
    let newer = r#"{"mode":"auto","writes":[],"of_tomorrow":{"a":[1]}}"#;
    assert_eq!(Shared::parse(Some(newer)).unwrap(), expected);
}

#[test]
fn what_holds_automation_back_and_cannot_be_read_is_no_reason_to_lead() {
    for broken in [
        r#""armed_at":"soon""#,
        r#""armed_at":7"#,
        r#""storms":["shop"]"#,
        r#""storms":{"shop":"now"}"#,
        r#""earlier":{}"#,
        r#""earlier":[{"id":"x"}]"#,
        r#""mode":"always""#,
    ] {
        let text = format!(r#"{{"writes":[],{broken}}}"#);
        assert!(Shared::parse(Some(&text)).is_err(), "{text}");
    }
}
