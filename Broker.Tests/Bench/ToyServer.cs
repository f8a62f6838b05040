using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broker.Tests.Bench;

/// <summary>
/// The smallest server that really passes messages on: every channel of a topic gets its copy, RDY is kept, FINs count.
/// One lock, a thread for each connection, all in memory.
/// </summary>
internal sealed class ToyServer : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Topic, string Channel), Channel> _channels = [];
    private readonly List<Socket> _clients = [];
    private long _nextId;

    public ToyServer()
    {
        _listener.Start();
        Socket listener = _listener.Server;
        StartThread(() => Accept(listener));
    }

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>Answers a command line with this error frame and closes; null for the usual answer.</summary>
    public Func<string, string?>? Refuse { get; init; }

    /// <summary>Closes the connection instead of answering this command line.</summary>
    public Func<string, bool>? HangUp { get; init; }

    /// <summary>Called with each command line.</summary>
    public Action<string>? Heard { get; init; }

    /// <summary>Sends every frame byte by byte, with a heartbeat before it.</summary>
    public bool Trickle { get; init; }

    /// <summary>All topics with a publish so far.</summary>
    public HashSet<string> Published { get; } = [];

    /// <summary>Messages waiting or in flight, by channel.</summary>
    public Dictionary<string, int> Depths
    {
        get
        {
            lock (_lock)
                return _channels.ToDictionary(pair => $"{pair.Key.Topic}/{pair.Key.Channel}", pair => pair.Value.Waiting.Count + pair.Value.InFlight);
        }
    }

    public void Dispose()
    {
        _listener.Stop();
        lock (_lock)
            _clients.ForEach(HangUpOn);
    }

    // A TcpListener that was stopped between two clients says that it was never started; its socket says that it is closed.
    private void Accept(Socket listener)
    {
        while (true)
        {
            Socket client = listener.Accept();
            client.NoDelay = true;
            lock (_lock)
                _clients.Add(client);
            StartThread(() => new Session(this, client).Serve());
        }
    }

    private static void StartThread(Action run) => new Thread(() => UnlessClosed(run)) { IsBackground = true }.Start();

    // The session's own thread disposes of the socket, when this lets its reading end.
    private static void HangUpOn(Socket client) => UnlessClosed(() => client.Shutdown(SocketShutdown.Both));

    private static void UnlessClosed(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException)
        {
            // One of the two sides has closed.
        }
    }

    private sealed class Channel
    {
        public Queue<(string Id, byte[] Body)> Waiting { get; } = [];
        public List<Session> Sessions { get; } = [];
        public int InFlight { get; set; }

        public void Pump()
        {
            while (Waiting.Count > 0 && Sessions.Find(session => session.HasCredit) is Session session)
            {
                (string id, byte[] body) = Waiting.Dequeue();
                session.Deliver(id, body);
                InFlight++;
            }
        }
    }

    private sealed class Session(ToyServer server, Socket client)
    {
        private readonly NetworkStream _stream = new(client, ownsSocket: false);
        private readonly BufferedStream _received = new(new NetworkStream(client, ownsSocket: false));
        private readonly HashSet<string> _inFlight = [];
        private Channel? _channel;
        private int _ready;

        public bool HasCredit => _inFlight.Count < _ready;

        public void Serve()
        {
            using (client)
            {
                ReadExactly(4);
                while (ReadLine() is string line)
                {
                    server.Heard?.Invoke(line);
                    lock (server._lock)
                    {
                        if (server.HangUp?.Invoke(line) == true)
                            return;
                        if (server.Refuse?.Invoke(line) is string error)
                        {
                            Write(1, Encoding.ASCII.GetBytes(error));
                            return;
                        }
                        Execute(line.Split(' '));
                    }
                }
            }
        }

        public void Deliver(string id, byte[] body)
        {
            _inFlight.Add(id);
            Write(2, [.. new byte[8], 0, 1, .. Encoding.ASCII.GetBytes(id), .. body]);
        }

        private void Execute(string[] command)
        {
            switch (command[0])
            {
                case "IDENTIFY":
                    ReadSized();
                    break;
                case "PUB":
                    Publish(command[1], [ReadSized()]);
                    break;
                case "MPUB":
                    ReadInt32();
                    byte[][] bodies = new byte[ReadInt32()][];
                    for (int i = 0; i < bodies.Length; i++)
                        bodies[i] = ReadSized();
                    Publish(command[1], bodies);
                    break;
                case "SUB":
                    if (!server._channels.TryGetValue((command[1], command[2]), out _channel))
                        server._channels.Add((command[1], command[2]), _channel = new Channel());
                    _channel.Sessions.Add(this);
                    break;
                case "RDY":
                    _ready = int.Parse(command[1], CultureInfo.InvariantCulture);
                    _channel!.Pump();
                    return;
                case "FIN":
                    if (!_inFlight.Remove(command[1]))
                        Write(1, Encoding.ASCII.GetBytes($"E_FIN_FAILED FIN {command[1]} failed ID not in flight"));
                    else
                        _channel!.InFlight--;
                    _channel!.Pump();
                    return;
                case "NOP":
                    return;
                default:
                    throw new IOException($"no such command: {command[0]}");
            }
            Write(0, "OK"u8.ToArray());
        }

        private void Publish(string topic, byte[][] bodies)
        {
            server.Published.Add(topic);
            foreach (Channel channel in server._channels.Where(pair => pair.Key.Topic == topic).Select(pair => pair.Value))
            {
                foreach (byte[] body in bodies)
                    channel.Waiting.Enqueue(((server._nextId++).ToString("x16", CultureInfo.InvariantCulture), body));
                channel.Pump();
            }
        }

        private string? ReadLine()
        {
            StringBuilder line = new();
            while (true)
            {
                int next = _received.ReadByte();
                if (next < 0)
                {
                    lock (server._lock)
                        _channel?.Sessions.Remove(this);
                    return null;
                }
                if (next == '\n')
                    return line.ToString();
                line.Append((char)next);
            }
        }

        private byte[] ReadSized() => ReadExactly(ReadInt32());

        private int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(ReadExactly(sizeof(int)));

        // Fails where the client went away in the middle of a command.
        private byte[] ReadExactly(int count)
        {
            byte[] bytes = new byte[count];
            _received.ReadExactly(bytes);
            return bytes;
        }

        private void Write(int type, byte[] data)
        {
            byte[] frame = Frame(type, data);
            if (server.Trickle)
            {
                foreach (byte one in (byte[])[.. Frame(0, "_heartbeat_"u8.ToArray()), .. frame])
                    _stream.Write([one]);
            }
            else
                _stream.Write(frame);
        }

        private static byte[] Frame(int type, byte[] data)
        {
            byte[] frame = [.. new byte[8], .. data];
            BinaryPrimitives.WriteInt32BigEndian(frame, 4 + data.Length);
            BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), type);
            return frame;
        }
    }
}
