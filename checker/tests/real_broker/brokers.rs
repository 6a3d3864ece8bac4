//! The checker, on one of the brokers that the tests run on.

use std::process::Command;

use harness::brokers::address::Address;
pub use testkit::brokers::{InUse, Place, TestBroker, forward, runtime};

/// The checker as a program, set to judge on a broker.
pub trait Check {
    /// On this broker.
    fn check(&self, arguments: &[&str]) -> Command;

    /// At another address.
    fn check_at(&self, address: &Address, arguments: &[&str]) -> Command;

    /// On any broker that `--broker` takes.
    fn check_on(&self, broker: &str, arguments: &[&str]) -> Command;
}

impl Check for TestBroker {
    fn check(&self, arguments: &[&str]) -> Command {
        self.check_at(&self.broker.address, arguments)
    }

    fn check_at(&self, address: &Address, arguments: &[&str]) -> Command {
        self.check_on(&address.url(), arguments)
    }

    fn check_on(&self, broker: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checker"));
        command.arg("check").args(arguments).args(["--broker", broker]);
        command.env_remove("AMQP_URL").env_remove("HELLO_RABBIT_IMAGE").env("NO_COLOR", "1");
        // Whoever runs the tests may have programs of their own.
        command.env("HELLO_RABBIT_WORK", concat!(env!("CARGO_TARGET_TMPDIR"), "/nobodys"));
        command
    }
}
