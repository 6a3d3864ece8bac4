//! The choice of an isolation, and a test of it before each class.

use std::{
    collections::BTreeMap,
    fs, io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use cli::SandboxChoice;
use tokio::{process::Command, time::timeout};

use super::{Isolation, Limits, Spec, container, control_group, pinned};

/// The time limit of the test.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// The user id of the test, if root grades.
const USER: u32 = 64_099;

/// The reason why no sandbox can be used.
#[derive(Debug, thiserror::Error)]
pub enum NoSandbox {
    /// Bubblewrap is not installed.
    #[error("there is no sandbox: bubblewrap (bwrap) is not installed")]
    Missing,
    /// Bubblewrap does not start.
    #[error("the sandbox does not start: {0}")]
    Broken(String),
    /// No Docker engine answers.
    #[error("there is no sandbox: no Docker engine answers")]
    NoEngine,
    /// Docker does not start a container that can be used.
    #[error("the container does not start: {0}")]
    NoContainer(String),
    /// The sandbox does not hold.
    #[error("the sandbox does not hold: {0}")]
    Leaks(String),
    /// The test could not be done.
    #[error("the sandbox could not be tested: {0}")]
    Failed(#[from] io::Error),
}

impl NoSandbox {
    /// Returns the advice.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            NoSandbox::Missing => {
                "install it (apt install bubblewrap), or Docker, or grade in a virtual machine with --unsafe-no-sandbox"
            }
            NoSandbox::Broken(_) => {
                "Ubuntu from 23.10 on forbids it by AppArmor: run `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, or grade as root"
            }
            NoSandbox::NoEngine => "start Docker, or install bubblewrap and leave out --sandbox docker",
            NoSandbox::NoContainer(_) => {
                "the engine must run on this machine, and see its folders; or install bubblewrap, and leave out --sandbox docker"
            }
            NoSandbox::Leaks(_) | NoSandbox::Failed(_) => "grade on another machine, and report this",
        }
    }
}

/// Chooses the sandbox, and tests it. Without one, nothing is graded, unless that was asked for.
///
/// Bubblewrap comes first: it holds as well as a container, starts faster, and needs no engine that is root.
///
/// # Errors
///
/// The reason why there is none.
pub async fn choose(asked: SandboxChoice, without: bool, folder: &Path) -> Result<Isolation, NoSandbox> {
    if without {
        eprintln!(
            "warning: submissions run as your own user, without a sandbox; they can read and delete what you can"
        );
        return Ok(Isolation::None);
    }
    match asked {
        SandboxChoice::Bwrap => bwrap(folder).await,
        SandboxChoice::Docker => docker(folder).await,
        SandboxChoice::Auto => match bwrap(folder).await {
            // A sandbox that leaks is not passed over in silence.
            Err(NoSandbox::Missing | NoSandbox::Broken(_)) if container::version().is_some() => docker(folder).await,
            chosen => chosen,
        },
    }
}

async fn bwrap(folder: &Path) -> Result<Isolation, NoSandbox> {
    let found = Command::new("bwrap").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if !found.is_ok_and(|status| status.success()) {
        return Err(NoSandbox::Missing);
    }
    test(Isolation::Bwrap, folder).await
}

async fn docker(folder: &Path) -> Result<Isolation, NoSandbox> {
    if container::version().is_none() {
        return Err(NoSandbox::NoEngine);
    }
    container::prepare().map_err(|error| NoSandbox::NoContainer(error.to_string()))?;
    test(Isolation::Docker, folder).await
}

/// The test, as a shell script: each line that it prints is a leak. `$1` is a secret file, `$2` a folder that must not be written,
/// and `$3` a port of this machine.
const SCRIPT: &str = r#"
echo started
cat "$1" 2>/dev/null && echo "it reads files of this machine"
(echo x > "$2/written") 2>/dev/null && echo "it writes to this machine"
for place in / /usr /etc /run "$PWD"; do
  (echo x > "$place/written") 2>/dev/null && echo "it writes to $place"
done
bash -c "exec 3<>/dev/tcp/127.0.0.1/$3" 2>/dev/null && echo "it connects to this machine"
[ -n "$HELLO_RABBIT_PROBE" ] && echo "it has the environment of the grader"
[ "$(id -u)" = 0 ] && echo "it is root"
[ -S /var/run/docker.sock ] && echo "it sees the Docker socket"
grep -q '^CapEff:[[:space:]]*0*$' /proc/self/status || echo "it has capabilities"
kill -0 "$4" 2>/dev/null && echo "it sees processes of this machine"
exit 0
"#;

async fn test(isolation: Isolation, folder: &Path) -> Result<Isolation, NoSandbox> {
    let broken = |why: String| match isolation {
        Isolation::Docker => NoSandbox::NoContainer(why),
        Isolation::Bwrap | Isolation::None => NoSandbox::Broken(why),
    };
    let place = tempfile::Builder::new().prefix("probe-").tempdir_in(folder)?;
    let inside = |name: &str| -> io::Result<PathBuf> {
        let path = place.path().join(name);
        fs::create_dir(&path).map(|()| path)
    };
    let (work, scratch, outside) = (inside("work")?, inside("scratch")?, inside("outside")?);
    let secret = outside.join("secret");
    fs::write(&secret, "it reads the secret\n")?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port().to_string();
    let spec = Spec {
        isolation,
        user: rustix::process::geteuid().is_root().then_some(USER),
        read_only: vec![work.clone()],
        writable: Vec::new(),
        folder: work,
        environment: BTreeMap::new(),
        limits: Limits::RUN,
        own: pinned(folder)?,
        group: control_group::name(place.path()),
        scratch,
    };
    let wrapper = spec.wrapper("probe")?;
    let mut probe = Command::new(&wrapper[0]);
    probe.args(&wrapper[1..]).args(["sh", "-c", SCRIPT, "sh"]).arg(&secret).arg(&outside).arg(port);
    probe.arg(std::process::id().to_string()).env("HELLO_RABBIT_PROBE", "secret").env_remove("AMQP_URL");
    probe.stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(PROBE_TIMEOUT, probe.output()).await;
    let output = output.map_err(|_| broken(format!("the test took longer than {PROBE_TIMEOUT:?}")))??;
    let _ = spec.take_limits();
    let said = String::from_utf8_lossy(&output.stdout);
    let mut lines = said.lines();
    if lines.next() != Some("started") || !output.status.success() {
        return Err(broken(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    match lines.next() {
        Some(leak) => Err(NoSandbox::Leaks(leak.to_owned())),
        None => Ok(isolation),
    }
}
