//! A network that breaks off: a proxy in front of a backend, which cuts long answers in the middle, a few times.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

/// Listens on a port of its own, and lasts as long as the process.
#[derive(Debug)]
pub struct CuttingProxy {
    port: u16,
    cuts: Arc<AtomicUsize>,
}

impl CuttingProxy {
    /// A proxy in front of the backend at `base_url` which ends the first `cuts` connections whose answers are longer than `bytes`.
    pub fn start(base_url: &str, bytes: usize, cuts: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("a listener has an address").port();
        let cuts = Arc::new(AtomicUsize::new(cuts));
        let (backend, left) = (base_url.trim_start_matches("http://").to_owned(), Arc::clone(&cuts));
        let accept = move || {
            for client in listener.incoming().flatten() {
                let (backend, left) = (backend.clone(), Arc::clone(&left));
                let serve = move || drop(pass_on(client, &backend, bytes, &left));
                Builder::new().name("cutting-proxy".to_owned()).spawn(serve).expect("threads can be made");
            }
        };
        Builder::new().name("cutting-proxy".to_owned()).spawn(accept).expect("threads can be made");
        Self { port, cuts }
    }

    /// The address that clients are given.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many cuts are still to come.
    pub fn cuts_left(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

fn pass_on(client: TcpStream, backend: &str, bytes: usize, left: &AtomicUsize) -> io::Result<()> {
    let server = TcpStream::connect(backend)?;
    let (mut from_client, mut to_server) = (client.try_clone()?, server.try_clone()?);
    let requests = move || {
        let _ended = io::copy(&mut from_client, &mut to_server);
        to_server.shutdown(Shutdown::Write)
    };
    Builder::new().name("cutting-proxy".to_owned()).spawn(requests)?;
    let (mut from_server, mut to_client) = (server, client);
    let (mut buffer, mut sent) = (vec![0; 16 * 1024], 0);
    loop {
        let read = from_server.read(&mut buffer)?;
        if read == 0 {
            return to_client.shutdown(Shutdown::Both);
        }
        to_client.write_all(&buffer[..read])?;
        sent += read;
        if sent > bytes && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            from_server.shutdown(Shutdown::Both)?;
            return to_client.shutdown(Shutdown::Both);
        }
    }
}
