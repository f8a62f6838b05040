using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Broker.Protocol.Client;

namespace Broker.Bench.Sockets;

/// <summary>
/// A connection to the measured server: it blocks while it is being set up, and never once <see cref="StopBlocking"/> was
/// called. Used by one thread at a time.
/// </summary>
public sealed class ServerConnection : IDisposable
{
    private const int SetUpTimeoutMilliseconds = 10_000;

    private readonly ServerAddress _server;
    private readonly ReceiveBuffer _received;
    private readonly SendBuffer _commands = new(1024);

    private ServerConnection(ServerAddress server, Socket socket, int receiveCapacity)
    {
        _server = server;
        _received = new ReceiveBuffer(receiveCapacity);
        Socket = socket;
    }

    /// <summary>The socket, to wait for.</summary>
    public Socket Socket { get; }

    /// <summary>What the server settled on; null if it does not negotiate.</summary>
    public IdentifyReply? Settings { get; private set; }

    /// <summary>What was received and not yet read.</summary>
    public ReadOnlySpan<byte> Unread => _received.Unread;

    /// <summary>Connects and identifies.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="request">What to ask for.</param>
    /// <param name="receiveCapacity">Most bytes taken by one read, until a longer frame needs more.</param>
    /// <exception cref="LoadException">The server cannot be reached, or refuses.</exception>
    public static ServerConnection Open(ServerAddress server, IdentifyRequest request, int receiveCapacity)
    {
        // Asynchronous connecting would enrol the socket with .NET's own polling thread, which would then wake up for
        // every arrival only to find nobody waiting.
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            SendTimeout = SetUpTimeoutMilliseconds,
            ReceiveTimeout = SetUpTimeoutMilliseconds,
        };
        ServerConnection connection = new(server, socket, receiveCapacity);
        try
        {
            socket.Connect(server.Host, server.Port);
            socket.Send(CommandWriter.Magic);
            connection._commands.WriteIdentify(request.ToJson());
            connection.Settings = IdentifyReply.Parse(connection.Ask());
            return connection;
        }
        catch (SocketException exception)
        {
            connection.Dispose();
            throw new LoadException($"cannot connect to {server}: {Describe(exception.SocketErrorCode)}", exception);
        }
        catch (JsonException exception)
        {
            connection.Dispose();
            throw new LoadException($"{server} gave an unreadable answer to IDENTIFY", exception);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Subscribes to a channel; nothing is delivered before RDY.</summary>
    /// <exception cref="LoadException">The server refuses.</exception>
    public void Subscribe(string topic, string channel)
    {
        _commands.WriteSubscribe(topic, channel);
        Ask();
    }

    /// <summary>Ends the set-up: from now on nothing waits.</summary>
    public void StopBlocking() => Socket.Blocking = false;

    /// <summary>Takes what has arrived, and returns whether that was anything.</summary>
    /// <exception cref="LoadException">The connection has ended.</exception>
    public bool Receive()
    {
        int count = Socket.Receive(_received.Free(FrameReader.RequiredLength(Unread)), SocketFlags.None, out SocketError error);
        switch (error)
        {
            case SocketError.Success when count > 0:
                _received.Commit(count);
                return true;
            case SocketError.WouldBlock:
            case SocketError.TimedOut when Socket.Blocking:
                return false;
            case SocketError.Success:
                throw new LoadException($"{_server} closed the connection");
            default:
                throw Lost(error);
        }
    }

    /// <summary>Says how much of <see cref="Unread"/> is left after reading.</summary>
    public void KeepUnread(int count) => _received.KeepLast(count);

    /// <summary>Sends as much as there is room for, and returns how many bytes that was.</summary>
    /// <exception cref="LoadException">The connection has ended.</exception>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        int count = Socket.Send(bytes, SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => count,
            SocketError.WouldBlock => 0,
            // What the server said before it closed tells more than the failed write; reading will find it.
            SocketError.ConnectionReset or SocketError.Shutdown when Socket.Available > 0 => 0,
            _ => throw Lost(error),
        };
    }

    /// <summary>The exception for an error frame.</summary>
    public LoadException Refused(ReadOnlySpan<byte> error) => new($"{_server} answered {Encoding.UTF8.GetString(error)}");

    /// <summary>Tells the server that nothing more comes.</summary>
    public void EndSending()
    {
        try
        {
            Socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Already gone, which is as good.
        }
    }

    /// <summary>
    /// After <see cref="EndSending"/>, waits until the server has closed, too: then it has taken all that was sent.
    /// Closing at once, with something unread, would reset the connection and might cost the last FINs.
    /// </summary>
    /// <param name="patienceMilliseconds">How long to wait for each further arrival.</param>
    public void AwaitEnd(int patienceMilliseconds)
    {
        Socket.Blocking = true;
        Socket.ReceiveTimeout = patienceMilliseconds;
        while (Socket.Receive(_received.Free(0), SocketFlags.None, out SocketError error) > 0 && error == SocketError.Success)
        {
            // What still comes is of no interest.
        }
    }

    public void Dispose() => Socket.Dispose();

    private byte[] Ask()
    {
        Socket.Send(_commands.Unsent);
        _commands.Sent(_commands.Unsent.Length);
        while (true)
        {
            ReadOnlySpan<byte> unread = Unread;
            while (FrameReader.TryRead(ref unread, out Frame frame))
            {
                KeepUnread(unread.Length);
                if (frame.Type == FrameType.Error)
                    throw Refused(frame.Data);
                if (!frame.IsHeartbeat)
                    return frame.Data.ToArray();
            }
            if (!Receive())
                throw new LoadException($"{_server} gave no answer within {SetUpTimeoutMilliseconds / 1000} s");
        }
    }

    private LoadException Lost(SocketError error) =>
        new($"the connection to {_server} was lost: {Describe(error)}");

    // The message of an exception that was caught may name the address in a form that nobody typed.
    private static string Describe(SocketError error) => new SocketException((int)error).Message;
}
