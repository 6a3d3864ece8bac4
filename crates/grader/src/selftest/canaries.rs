//! Canaries outside the sandbox: what a hostile program must not read, change or reach. Each program has its own.

use std::{
    fs, io,
    os::linux::net::SocketAddrExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::net::{TcpListener, UdpSocket, UnixListener};

/// The variable in the environment of the grader that has the secret, too.
pub const VARIABLE: &str = "HELLO_RABBIT_SECRET";

/// A file in the victim's folder.
const FILE: (&str, &str) = ("keep.txt", "This file stays as it is.\n");

/// The canaries of one program.
pub struct Canaries {
    secret: String,
    secret_file: PathBuf,
    victim: PathBuf,
    host: String,
    udp: String,
    abstract_name: String,
    socket: PathBuf,
    reached: Arc<AtomicUsize>,
    // Only held: they end with the canaries.
    _listening: tokio::task::JoinSet<()>,
}

impl Canaries {
    /// Sets the canaries up in a folder.
    ///
    /// # Errors
    ///
    /// When a file can't be written or a socket can't be opened.
    pub async fn set(place: &Path, secret: &str) -> io::Result<Canaries> {
        let (secret_file, victim, socket) = (place.join("secret"), place.join("victim"), place.join("socket"));
        fs::write(&secret_file, secret)?;
        fs::create_dir(&victim)?;
        fs::write(victim.join(FILE.0), FILE.1)?;
        let reached = Arc::new(AtomicUsize::new(0));
        let mut listening = tokio::task::JoinSet::new();
        let tcp = TcpListener::bind("0.0.0.0:0").await?;
        let host = format!("127.0.0.1:{}", tcp.local_addr()?.port());
        let udp_socket = UdpSocket::bind("127.0.0.1:0").await?;
        let udp = udp_socket.local_addr()?.to_string();
        let abstract_name = format!("hello-rabbit-{:x}", fastrand::u64(..));
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&abstract_name)?;
        let hidden = std::os::unix::net::UnixListener::bind_addr(&address)?;
        hidden.set_nonblocking(true)?;
        let (hidden, open) = (UnixListener::from_std(hidden)?, UnixListener::bind(&socket)?);
        let (one, two, three, four) = (reached.clone(), reached.clone(), reached.clone(), reached.clone());
        listening.spawn(async move {
            while tcp.accept().await.is_ok() {
                one.fetch_add(1, Ordering::Relaxed);
            }
        });
        listening.spawn(async move {
            let mut buffer = [0; 64];
            while udp_socket.recv_from(&mut buffer).await.is_ok() {
                two.fetch_add(1, Ordering::Relaxed);
            }
        });
        listening.spawn(async move {
            while hidden.accept().await.is_ok() {
                three.fetch_add(1, Ordering::Relaxed);
            }
        });
        listening.spawn(async move {
            while open.accept().await.is_ok() {
                four.fetch_add(1, Ordering::Relaxed);
            }
        });
        let secret = secret.to_owned();
        Ok(Canaries { secret, secret_file, victim, host, udp, abstract_name, socket, reached, _listening: listening })
    }

    /// Returns the text with the places of the canaries in it.
    pub fn put_into(&self, text: &str) -> String {
        text.replace("@SECRET@", &self.secret_file.to_string_lossy())
            .replace("@VICTIM@", &self.victim.to_string_lossy())
            .replace("@HOST@", &self.host)
            .replace("@UDP@", &self.udp)
            .replace("@ABSTRACT@", &self.abstract_name)
            .replace("@SOCKET@", &self.socket.to_string_lossy())
    }

    /// Returns whether the text contains the secret.
    pub fn is_in(&self, text: &str) -> bool {
        text.contains(&self.secret)
    }

    /// Returns whether the victim's folder is as it was.
    pub fn is_unchanged(&self) -> bool {
        let names: Vec<_> =
            fs::read_dir(&self.victim).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        names == [FILE.0] && fs::read_to_string(self.victim.join(FILE.0)).is_ok_and(|text| text == FILE.1)
    }

    /// Returns the number of connections and datagrams that reached a socket.
    pub fn reached(&self) -> usize {
        self.reached.load(Ordering::Relaxed)
    }
}
