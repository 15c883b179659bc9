#!/usr/bin/env bash
# Runs the claims about safety as often as they are claimed, and says what was run; and how often diagnoses are right,
# beside how sure they are. About half an hour on two cores.
#
#   scripts/numbers.sh              all of it
#   NUMBERS=guard,caps,kills,fixes,stops,pauses,strangers,confidence scripts/numbers.sh
#
# The test suite makes the same claims with fewer repeats; GUARD_CASES, DAYS, KILL_ROUNDS, FIXES, STOPS and PAUSES change
# how many.
set -euo pipefail
cd "$(dirname "$0")/.."
parts=",${NUMBERS:-guard,caps,kills,fixes,stops,pauses,strangers,confidence},"

run() { # NAME, TEST, VARIABLE=VALUE: prints what the test says of itself
    case "$parts" in *",$1,"*) ;; *) return 0 ;; esac
    local log
    log=$(mktemp)
    if env RUST_BACKTRACE=0 "$3" cargo test --quiet --workspace --all-features --locked --test it -- --nocapture --exact "$2" >"$log" 2>&1; then
        grep -E '^[0-9]|^killed|^stopped' "$log" | sed "s/^/$1: /"
        rm -f "$log"
    else
        # What was expected stands above the facts that it is told with.
        grep -A3 -m1 'panicked at' "$log" | cut -c1-300 || true
        tail -50 "$log"
        return 1
    fi
}

run guard chance::the_guard_and_an_independent_opinion_agree "GUARD_CASES=${GUARD_CASES:-1000000}"
run caps sliding::no_window_of_a_day_holds_more_writes_than_its_cap "DAYS=${DAYS:-100}"
run kills kill_points::a_fix_that_is_cut_off_anywhere_is_made_once_and_brought_to_its_end "KILL_ROUNDS=${KILL_ROUNDS:-12}"
run fixes many_fixes::no_fix_leaves_a_workload_worse_than_it_was "FIXES=${FIXES:-500}"
run stops stories::stopping::whenever_the_button_is_pressed_no_write_comes_a_second_later "STOPS=${STOPS:-100}"
run pauses paused_leaders::a_leader_that_is_paused_right_before_its_write_writes_nothing_when_it_wakes_up "PAUSES=${PAUSES:-200}"
run strangers paused_leaders::an_agent_that_is_paused_while_one_writes_that_it_knows_nothing_of_writes_nothing_when_it_wakes_up "PAUSES=${PAUSES:-200}"
run confidence calibration::what_is_said_is_right_as_often_as_it_claims_where_facts_are_missing RUST_BACKTRACE=0
