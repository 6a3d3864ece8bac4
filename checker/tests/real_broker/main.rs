//! Tests on real brokers: RabbitMQ in containers (by testcontainers), the RabbitMQ that is installed here, and the embedded
//! broker, which has to pass the same tests.
//!
//! `HELLO_RABBIT_TEST_BROKERS` names RabbitMQs, separated by commas: `docker:IMAGE`, `local`; each must then be available.
//! Without it, the available ones are used. The tests of a kind that is not available are reported as ignored, and fail when
//! the environment says `CI=true`.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod alarms;
mod book;
mod brokers;
mod classic;
mod cleaning;
mod gallery;
mod lessons;
mod own;
mod programs;
#[path = "../shared/mod.rs"]
mod shared;
mod step_programs;
mod suites;
mod topics;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::brokers::{Place, TestBroker};

/// A test function.
type Test = fn(&TestBroker) -> Result<(), Failed>;

/// A test that carries data.
type BoxedTest = Box<dyn Fn(&TestBroker) -> Result<(), Failed> + Send>;

fn main() -> ExitCode {
    #[cfg(windows)]
    if let Some(pressed) = ctrl_c::press_if_asked() {
        return pressed;
    }
    let mut arguments = Arguments::from_args();
    // This is for two cores: most of the time, checks wait for something that never comes.
    arguments.test_threads = arguments.test_threads.or(Some(16));
    let fixed: &[(&str, Test)] = &[
        ("check_all_passes", lessons::check_all),
        ("a_mistake_is_shown", step_programs::mistake),
        ("the_report_is_json", lessons::json),
        ("a_queue_of_the_users_is_not_touched", lessons::users_queue),
        ("a_killed_check_leaves_nothing_behind", cleaning::killed),
        ("an_interrupted_check_leaves_nothing_behind", cleaning::interrupted),
        ("a_broker_is_kept_warm_and_goes_away", own::kept_warm),
        ("a_killed_check_leaves_no_broker_behind", own::killed),
        ("a_broker_that_is_not_needed_any_more_goes_away", own::not_needed),
        ("what_a_program_leaves_running_ends_with_the_check", cleaning::daemon),
        ("a_program_that_never_stops_publishing_costs_little", cleaning::flood),
    ];
    let all_lessons = checker::lessons::all().unwrap_or_else(|error| panic!("{error}"));
    let places = Place::all();
    let in_use = Arc::new(brokers::InUse::default());
    let mut trials = Vec::new();
    for place in &places {
        let trial = |name: String, test: BoxedTest| {
            let (name, ignored) = (format!("{}::{name}", place.name()), place.is_not_at_hand());
            let (place, in_use) = (place.clone(), in_use.clone());
            Trial::test(name, move || test(&*in_use.broker(&place)?)).with_ignored_flag(ignored)
        };
        for lesson in &all_lessons {
            let number = lesson.number.clone();
            let name = format!("lesson_{number}_passes");
            trials.push(trial(name, Box::new(move |broker: &TestBroker| lessons::reference(broker, &number))));
        }
        let fixed = if place.is_a_variant() { &[][..] } else { fixed };
        if !place.is_a_variant() {
            trials.push(trial("topics_are_matched_alike".to_owned(), Box::new(topics::are_matched_alike)));
        }
        trials.extend(fixed.iter().copied().map(|(name, test)| trial(name.to_owned(), Box::new(test))));
        let gallery = gallery::all().into_iter().filter(|wrong| wrong.is_for(place));
        trials.extend(
            gallery
                .map(|wrong| trial(wrong.name(), Box::new(move |broker: &TestBroker| gallery::check(broker, &wrong)))),
        );
        for python in classic::PYTHONS {
            let tests: [(&str, classic::Test); 2] =
                [("pass", classic::pass), ("exchange_messages_with_ours", classic::exchange)];
            trials.extend(tests.map(|(name, test)| {
                let name = format!("classic_{}_programs_{name}", python.name());
                let not_there = place.is_not_at_hand() || !python.is_set();
                trial(name, Box::new(move |broker: &TestBroker| test(broker, python))).with_ignored_flag(not_there)
            }));
        }
        if place.is_a_variant() {
            continue;
        }
        // The steps are judged by the wire, and the replies of older versions are shown by the gallery.
        if place.tries_lessons() {
            trials.extend(step_programs::all().into_iter().map(|program| {
                trial(program.name(), Box::new(move |broker: &TestBroker| step_programs::check(broker, &program)))
            }));
            let scenes = book::scenes().unwrap_or_else(|error| panic!("{error:?}"));
            let scenes = scenes.into_iter().filter(|scene| *place == Place::Embedded || !scene.needs_faults());
            trials.extend(scenes.map(|scene| {
                trial(format!("book::{}", scene.name), Box::new(move |broker: &TestBroker| book::play(broker, &scene)))
            }));
        }
        if matches!(place, Place::Embedded | Place::Docker(_)) {
            trials
                .push(trial("an_alarm_is_not_the_programs_fault".to_owned(), Box::new(alarms::not_the_programs_fault)));
        }
        if *place == Place::Embedded {
            trials.push(trial("each_kit_keeps_a_broker_of_its_own".to_owned(), Box::new(own::two_kits)));
            trials.push(trial("a_bad_day_is_made_by_hand".to_owned(), Box::new(own::bad_day)));
            trials.push(trial("a_broker_that_goes_away_is_not_the_programs_fault".to_owned(), Box::new(own::gone)));
            if cfg!(feature = "docker") {
                trials.push(trial("an_engine_that_does_not_answer_is_reported".to_owned(), Box::new(own::no_engine)));
            }
        }
    }
    trials.push(Trial::test("embedded::book::hello-send-alarm", book::play_alarm));
    trials.push(Trial::test("embedded::book::sessions_of_the_first_message", || book::replay(book::FIRST_MESSAGE)));
    trials.push(Trial::test("embedded::book::sessions", || book::replay(book::SESSIONS)));
    trials.push(Trial::test("embedded::book::sessions_of_tasks", || book::replay(book::TASKS)));
    trials.push(Trial::test("embedded::book::sessions_of_logs", || book::replay(book::LOGS)));
    trials.push(Trial::test("embedded::book::sessions_of_routes", || book::replay(book::ROUTES)));
    trials.push(Trial::test("embedded::book::nothing_is_stale", book::nothing_is_stale));
    for name in suites::NAMES {
        let not_there = !suites::are_prepared() && !suites::are_required();
        let trial = Trial::test(format!("embedded::suite::{name}"), move || suites::run(name));
        trials.push(trial.with_ignored_flag(not_there));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    in_use.end();
    gallery::write_kept().unwrap_or_else(|error| panic!("{error}"));
    conclusion.exit_code()
}
