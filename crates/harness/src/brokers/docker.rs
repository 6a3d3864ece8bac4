//! RabbitMQ in a container, by testcontainers.

use recording::NotChecked;
use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{process::Command, time::timeout};

use crate::{brokers::Broker, cleanup::Run};

/// The official image, with the management plugin. A test compares it with the documents and the compose file.
pub const OFFICIAL: &str = "rabbitmq:4.3.6-management";

/// The images that `docker/build-image` builds, the newest first.
pub const BUILT: [&str; 3] = ["hello-rabbit/rabbitmq:4.3", "hello-rabbit/rabbitmq:4.0", "hello-rabbit/rabbitmq:3.10"];

/// The suffix of an image for tests, which `docker/build-image` also builds: its RabbitMQ permits what upstream denies by default.
pub const PERMISSIVE: &str = "-permissive";

/// The time limit of the engine's answer about an image.
const INSPECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The environment variable in which a checker passes the found image on to its successor, because a query takes a tenth of a
/// second.
const FOUND: &str = "HELLO_RABBIT_IMAGE_AT_HAND";

/// The results of earlier queries. In one process, the same query always has the same result.
static ASKED: Mutex<BTreeMap<Option<String>, Option<String>>> = Mutex::new(BTreeMap::new());

/// Returns the image to use, if the engine answers and has it: the one asked for, else the official one, else one built here. The
/// engine is asked once.
pub async fn image_at_hand(asked: Option<&str>) -> Option<String> {
    let key = asked.map(str::to_owned);
    let known = || ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = known().get(&key) {
        return found.clone();
    }
    let passed_on = env::var(FOUND).ok().filter(|image| !image.is_empty() && asked.is_none_or(|asked| asked == image));
    let found = match passed_on {
        Some(image) => Some(image),
        None => ask_for_image(asked).await,
    };
    known().insert(key, found.clone());
    found
}

/// Returns the environment for this checker's successor: the found image, and the engine's address.
///
/// The command `docker` follows Docker contexts, but the Docker client follows only `DOCKER_HOST`. If that is not set, it is set
/// to the current context's engine.
pub async fn handed_on() -> Vec<(&'static str, String)> {
    let found = ASKED.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().next().cloned();
    let mut handed_on: Vec<(&str, String)> = found.map(|image| (FOUND, image)).into_iter().collect();
    handed_on.extend(engine_of_context().await.map(|host| ("DOCKER_HOST", host)));
    handed_on
}

/// Returns the engine's address for `DOCKER_HOST`, if the variable is not set and a Docker context is in use.
pub async fn engine_of_context() -> Option<String> {
    if env::var_os("DOCKER_HOST").is_some() || !has_context() {
        return None;
    }
    host_of_context().await
}

/// Returns whether a Docker context other than the default may be in use. Asking the command `docker` takes 40 ms.
fn has_context() -> bool {
    let folder = env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(env::home_dir()?.join(".docker")));
    let config = folder.and_then(|folder| fs::read_to_string(folder.join("config.json")).ok());
    env::var_os("DOCKER_CONTEXT").is_some() || config.is_some_and(|config| config.contains("\"currentContext\""))
}

/// Returns the address of the engine that the command `docker` uses.
async fn host_of_context() -> Option<String> {
    let mut docker = Command::new("docker");
    docker.args(["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]);
    docker.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(INSPECT_TIMEOUT, docker.output()).await.ok()?.ok()?;
    let host = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && host.contains("://")).then_some(host)
}

async fn ask_for_image(asked: Option<&str>) -> Option<String> {
    let candidates = match asked {
        Some(image) => vec![image],
        None => [&[OFFICIAL], &BUILT[..]].concat(),
    };
    let mut docker = Command::new("docker");
    docker.args(["image", "inspect", "--format", "{{join .RepoTags \"\\n\"}}"]).args(&candidates);
    docker.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    // The command prints the images that exist, and fails when one does not.
    let output = timeout(INSPECT_TIMEOUT, docker.output()).await.ok()?.ok()?;
    let there = String::from_utf8_lossy(&output.stdout).into_owned();
    let there: Vec<&str> = there.lines().filter(|tag| !tag.is_empty()).collect();
    match asked {
        Some(image) => (!there.is_empty()).then(|| image.to_owned()),
        None => candidates.into_iter().find(|image| there.contains(image)).map(str::to_owned),
    }
}

/// Returns the major and minor version in an image's tag, as in `rabbitmq:4.3.6-management`; None for a tag without one.
#[must_use]
pub fn version(image: &str) -> Option<(u32, u32)> {
    let (_, tag) = image.rsplit_once(':')?;
    let mut numbers = tag.split(['.', '-']).map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Returns whether an image has an older RabbitMQ than the official one, which this kit is made for.
#[must_use]
pub fn is_older(image: &str) -> bool {
    version(image).is_some_and(|version| Some(version) < self::version(OFFICIAL))
}

/// Returns the error of a build without the Docker client.
#[cfg(not(feature = "docker"))]
pub(super) fn without_client() -> NotChecked {
    NotChecked {
        message: "This checker was built without its Docker client.".to_owned(),
        hints: vec!["Start it with cargo xtask, or build it with --features docker".to_owned()],
    }
}

#[cfg(not(feature = "docker"))]
mod client {
    use super::{Broker, NotChecked, Run};

    /// Fails: this build has no Docker client. The checker starts the build that has it before this is called.
    pub(super) async fn have(_image: &str) -> Result<(), NotChecked> {
        Err(super::without_client())
    }

    pub(super) async fn start(_image: &str, _run: &Run) -> Result<Broker, NotChecked> {
        Err(super::without_client())
    }
}

#[cfg(feature = "docker")]
pub(crate) mod client {
    use std::{collections::HashMap, mem::ManuallyDrop};

    use testcontainers::{
        ContainerAsync, ContainerRequest, CopyTargetOptions, GenericImage, ImageExt, TestcontainersError,
        bollard::{errors::Error as EngineError, models::PortBinding},
        core::IntoContainerPort,
        runners::AsyncRunner,
    };
    use tokio::time::Instant;

    use super::{Broker, NotChecked, Run};
    use crate::{
        brokers::{Ownership, START_TIMEOUT, address::Address, engine, management::Management, ports},
        cleanup::Resource,
    };

    const CONF: &str = include_str!("../../../../docker/rabbitmq.conf");
    const PLUGINS: &str = include_str!("../../../../docker/enabled_plugins");

    /// The label with the id of the container's run.
    const LABEL: &str = "hello-rabbit.run";

    pub(super) async fn start(image: &str, run: &Run) -> Result<Broker, NotChecked> {
        // If no engine answers, nothing can be left behind, so this comes before the record.
        have(image).await?;
        let name = format!("hello-rabbit-{}", run.id());
        run.owns(&Resource::Container { name: name.clone() }).map_err(|error| NotChecked {
            message: format!("The container could not be recorded for cleaning up: {error}."),
            hints: vec!["Check that the disk is not full".to_owned()],
        })?;
        let port = ports::free_pair().map_err(|error| NotChecked {
            message: format!("No port was found for the container: {error}."),
            hints: vec!["Use an installed RabbitMQ: --broker local".to_owned()],
        })?;
        let broker = launch(image, &name, run.id(), port).await?;
        Ok(Broker { own: Some(Ownership::Container(name)), ..broker })
    }

    /// Makes sure that the engine has the image. A download may take minutes.
    pub(super) async fn have(image: &str) -> Result<(), NotChecked> {
        let docker = engine::engine().await.map_err(|error| trouble(image, &error))?;
        match docker.inspect_image(image).await {
            Ok(_) => Ok(()),
            Err(EngineError::DockerResponseServerError { status_code: 404, .. }) => {
                let (repository, tag) = repository_and_tag(image);
                let pulled = GenericImage::new(repository, tag).pull_image().await;
                pulled.map(drop).map_err(|error| trouble(image, &error))
            }
            Err(error) => Err(trouble(image, &error)),
        }
    }

    /// Starts a container and waits until its broker is ready. `port` is the host's port for AMQP.
    ///
    /// The caller owns the container by its name, and has recorded it: [remove](engine::remove) it, also when this fails. The
    /// future can be dropped at any time. The container may then exist, or still be in the making; `remove` handles both.
    pub async fn launch(image: &str, name: &str, label: &str, port: u16) -> Result<Broker, NotChecked> {
        let deadline = Instant::now() + START_TIMEOUT;
        let request = request(image, name, label, port);
        let making = engine::making().await;
        let start = tokio::spawn(async move {
            // If it were dropped, it would be removed twice, and the second removal may fail.
            let started = request.start().await.map(ManuallyDrop::new);
            drop(making);
            started
        });
        let started = start.await.map_err(|error| NotChecked {
            message: format!("The start of a container of {image} failed: {error}."),
            hints: vec!["Check again".to_owned()],
        })?;
        let container = started.map_err(|error| trouble(image, &error))?;
        let doors = doors(&container, port).await.map_err(|error| trouble(image, &error))?;
        let addresses: Vec<Address> = doors.iter().map(|door| door.address.clone()).collect();
        let (door, mut broker) = Broker::first_ready("docker", image, &addresses, deadline).await?;
        let management = doors[door].management.clone();
        broker.management = management.allows_vhosts().await.is_ok().then_some(management);
        Ok(broker)
    }

    /// One way to a container's two ports.
    struct Door {
        address: Address,
        management: Management,
    }

    impl Door {
        fn new(host: String, amqp: u16, management: u16) -> Door {
            let address = Address { host, ..Address::loopback(amqp) };
            let url = format!("http://{}", Address { port: management, ..address.clone() }.host_and_port());
            Door { address, management: Management { url, user: "guest".into(), password: "guest".into() } }
        }
    }

    /// Returns the ways to this container, the best first.
    ///
    /// A checker that runs in a container can't know where the engine runs. If the engine is beside it, on the same loopback,
    /// the published port works, but the bridge's gateway, which testcontainers names, refuses. If the engine is outside, on
    /// the host, its loopback is out of reach, but the container's own address works.
    async fn doors(container: &ContainerAsync<GenericImage>, port: u16) -> Result<Vec<Door>, TestcontainersError> {
        let host = container.get_host().await?.to_string();
        let amqp = container.get_host_port_ipv4(5672.tcp()).await?;
        let management = container.get_host_port_ipv4(15672.tcp()).await?;
        let loopback = "127.0.0.1".to_owned();
        if host == "localhost" {
            return Ok(vec![Door::new(loopback, amqp, management)]);
        }
        let mut doors = vec![Door::new(loopback, port, port + ports::MANAGEMENT), Door::new(host, amqp, management)];
        if let Ok(own) = container.get_bridge_ip_address().await {
            doors.push(Door::new(own.to_string(), 5672, 15672));
        }
        Ok(doors)
    }

    fn repository_and_tag(image: &str) -> (&str, &str) {
        match image.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, tag),
            _ => (image, "latest"),
        }
    }

    fn request(image: &str, name: &str, label: &str, port: u16) -> ContainerRequest<GenericImage> {
        let (repository, tag) = repository_and_tag(image);
        GenericImage::new(repository, tag)
            .with_exposed_port(5672.tcp())
            .with_exposed_port(15672.tcp())
            .with_container_name(name)
            .with_label(LABEL, label)
            .with_startup_timeout(START_TIMEOUT)
            .with_copy_to(
                CopyTargetOptions::new("/etc/rabbitmq/conf.d/90-hello-rabbit.conf").with_mode(0o644),
                CONF.as_bytes().to_vec(),
            )
            .with_copy_to(
                CopyTargetOptions::new("/etc/rabbitmq/enabled_plugins").with_mode(0o644),
                PLUGINS.as_bytes().to_vec(),
            )
            .with_host_config_modifier(move |host| {
                // Only on loopback, because guest/guest must not be open to a network.
                let on = |port: u16| {
                    Some(vec![PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port.to_string()) }])
                };
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(HashMap::from([
                    ("5672/tcp".to_owned(), on(port)),
                    ("15672/tcp".to_owned(), on(port + ports::MANAGEMENT)),
                ]));
            })
    }

    fn trouble(image: &str, error: &dyn std::error::Error) -> NotChecked {
        // testcontainers has the cause only in the error's sources.
        let mut message = format!("A container of {image} could not be started: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        message.push('.');
        let hint = if message.contains("No such image") || message.contains("pull") {
            "Build an image from Debian packages: docker/build-image 4.3".to_owned()
        } else if message.contains("port is already allocated") || message.contains("address already in use") {
            "Stop the program that uses the port, or choose another port with --port".to_owned()
        } else {
            "Check that the Docker engine answers: docker info; DOCKER_HOST holds its address".to_owned()
        };
        NotChecked { message, hints: vec![hint, "Or use an installed RabbitMQ: --broker local".to_owned()] }
    }
}

/// Starts a container for this run, and waits until its broker is ready.
pub(super) async fn start(image: Option<&str>, run: &Run) -> Result<Broker, NotChecked> {
    let image = choose(image).await;
    let _busy = crate::activity::busy(&format!("starting RabbitMQ in a container ({image})"));
    client::start(&image, run).await
}

/// Returns the image to start: an available one, else the one asked for or the official one, which the engine then pulls.
pub(super) async fn choose(asked: Option<&str>) -> String {
    match image_at_hand(asked).await {
        Some(image) => image,
        None => asked.unwrap_or(OFFICIAL).to_owned(),
    }
}

/// Makes sure that the engine answers and has the image, which it pulls if necessary.
pub(super) async fn have(image: &str) -> Result<(), NotChecked> {
    client::have(image).await
}

/// Returns the line for a machine without RabbitMQ.
pub(super) fn real_thing() -> String {
    format!(
        "no RabbitMQ was found, so this is the embedded broker; to get RabbitMQ: docker pull {}, or install rabbitmq-server",
        OFFICIAL
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_rabbitmq_one_line_says_how_to_get_it() {
        insta::assert_snapshot!(real_thing(), @"no RabbitMQ was found, so this is the embedded broker; to get RabbitMQ: docker pull rabbitmq:4.3.6-management, or install rabbitmq-server");
    }

    #[test]
    fn an_image_of_an_older_rabbitmq_is_recognised_by_its_tag() {
        for older in ["rabbitmq:3.13-management", "rabbitmq:4.0.5", BUILT[1], BUILT[2], "host:5000/rabbitmq:4.2.1"] {
            assert!(is_older(older), "{older}");
        }
        for other in [OFFICIAL, BUILT[0], "rabbitmq:4.3", "rabbitmq:5.0", "rabbitmq", "rabbitmq:latest", "rabbitmq:4"] {
            assert!(!is_older(other), "{other}");
        }
    }
}
