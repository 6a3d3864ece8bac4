//! The checker, on one of the brokers that the tests run on.

use std::process::Command;

use harness::brokers::address::Address;
pub use testkit::brokers::{InUse, Place, TestBroker, forward, runtime};

/// The checker as a program, set to judge on a broker.
pub trait Check {
    /// Returns a check on this broker.
    fn check(&self, arguments: &[&str]) -> Command;

    /// Returns a check on the broker at another address.
    fn check_at(&self, address: &Address, arguments: &[&str]) -> Command;

    /// Returns a check on any broker that `--broker` accepts.
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
        // A developer who runs the tests may have programs in `work/`.
        command.env("HELLO_RABBIT_WORK", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-work"));
        command
    }
}
