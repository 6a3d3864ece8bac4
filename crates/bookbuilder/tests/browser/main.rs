//! The book in a browser: headless Chromium, driven over WebDriver, reads every page as a reader does.
//!
//! The pages are those of the table of contents, so a new page is covered automatically. The pages that `cargo xtask grade` writes
//! are read in the same way: `grades`. If Chromium, its driver or axe-core
//! (`HELLO_RABBIT_AXE`: the path of `axe.min.js`) is missing, tests are reported as ignored, or fail when
//! `HELLO_RABBIT_BROWSER=required` is set.

// clippy's own exception for tests does not see helper functions.
#![allow(clippy::unwrap_used)]

mod at_hand;
mod book;
mod driver;
mod faults;
mod lab;
mod page;
mod server;
mod session;
mod trials;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Trial};

use crate::{at_hand::AtHand, lab::Lab, page::THEMES, trials::*};

/// The folder of the build, which makes cargo build the tests again after the kit was moved: they contain its path.
const _: Option<&str> = option_env!("HELLO_RABBIT_BUILT_IN");

/// A test function.
type Test = Box<dyn Fn(&Lab) -> anyhow::Result<()> + Send>;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // This is for two cores, with a browser for each.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let at_hand = AtHand::look();
    let mut tests: Vec<(String, bool, Test)> = Vec::new();
    let mut add = |name: &str, there: bool, test: Test| tests.push((name.to_owned(), there, test));
    let browser = at_hand.browser();
    // The slow tests come first, so that the two threads end together.
    for theme in THEMES {
        let there = browser && at_hand.axe.is_some();
        add(&format!("axe_finds_nothing::{theme}"), there, Box::new(move |lab| axe::finds_nothing(lab, theme)));
    }
    for theme in THEMES {
        add(&format!("can_be_read::{theme}"), browser, Box::new(move |lab| contrast::can_be_read(lab, theme)));
    }
    add("keyboard::reaches_everything", browser, Box::new(keyboard::reaches_everything));
    add("keyboard::chooses_a_theme", browser, Box::new(keyboard::chooses_a_theme));
    add("keyboard::turns_pages", browser, Box::new(keyboard::turns_pages));
    add("keyboard::opens_details", browser, Box::new(keyboard::opens_details));
    add("keyboard::opens_the_sidebar", browser, Box::new(keyboard::opens_the_sidebar));
    add("pages_load_in_silence", browser, Box::new(loading::in_silence));
    for (word, page) in searching::WORDS {
        add(&format!("search_finds::{word}"), browser, Box::new(move |lab| searching::finds(lab, word, page)));
    }
    add("folds::open_by_a_click_and_stay_so", browser, Box::new(folding::open_by_a_click_and_stay_so));
    add("folds::open_by_keys_and_stay_so", browser, Box::new(folding::open_by_keys_and_stay_so));
    add("folds::are_remembered_for_files", browser, Box::new(folding::are_remembered_for_files));
    add("folds::are_open_without_scripts", browser, Box::new(folding::are_open_without_scripts));
    add("folds::are_open_for_the_printer", browser, Box::new(folding::are_open_for_the_printer));
    add("folds::open_where_a_search_leads", browser, Box::new(folding::open_where_a_search_leads));
    add("copy_button_gives_the_program", browser, Box::new(copying::gives_the_program));
    add("copy_button_gives_what_is_typed", browser, Box::new(copying::gives_what_is_typed));
    for (width, letters) in narrow::SCREENS {
        add(&format!("fits::{width}_pixels"), browser, Box::new(move |lab| narrow::fits(lab, width, letters)));
    }
    add("print::is_complete", browser, Box::new(printing::is_complete));
    add("print::is_fit_for_paper", browser, Box::new(printing::is_fit_for_paper));
    add("print::gives_a_pdf", browser, Box::new(printing::gives_a_pdf));
    for scheme in grades::SCHEMES {
        let there = browser && at_hand.axe.is_some();
        add(
            &format!("grades::axe_finds_nothing::{scheme}"),
            there,
            Box::new(move |lab| grades::axe_finds_nothing(lab, scheme)),
        );
        add(&format!("grades::can_be_read::{scheme}"), browser, Box::new(move |lab| grades::can_be_read(lab, scheme)));
    }
    for (width, _) in narrow::SCREENS {
        add(&format!("grades::fit::{width}_pixels"), browser, Box::new(move |lab| grades::fit(lab, width)));
    }
    add("grades::sort_by_clicks", browser, Box::new(grades::sort_by_clicks));
    add("grades::sort_by_keys", browser, Box::new(grades::sort_by_keys));
    add("grades::print", browser, Box::new(grades::print));
    add("grades::need_no_scripts", browser, Box::new(grades::need_no_scripts));
    add("grades::load_in_silence", browser, Box::new(grades::load_in_silence));
    add("topics::match_as_in_the_examples", browser, Box::new(topics::match_as_in_the_examples));
    add("topics::are_typed_and_compared", browser, Box::new(topics::are_typed_and_compared));
    let on_paper = Box::new(topics::are_a_table_on_paper_and_without_scripts);
    add("topics::are_a_table_on_paper_and_without_scripts", browser, on_paper);
    add("is_within_its_limit", true, Box::new(size::is_within_its_limit));

    let demanded = AtHand::is_demanded();
    let lab = Arc::new(Lab::new(at_hand));
    let trials = tests
        .into_iter()
        .map(|(name, there, test)| {
            let lab = lab.clone();
            Trial::test(name, move || Ok(test(&lab).map_err(|error| format!("{error:#}"))?))
                .with_ignored_flag(!there && !demanded)
        })
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    lab.end();
    conclusion.exit_code()
}
