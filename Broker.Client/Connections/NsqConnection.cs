using System.Net.Sockets;
using System.Text;
using Broker.Protocol.Client;
using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>One conversation with a server, full duplex: a read loop and a write loop that do not wait for one another.</summary>
internal sealed class NsqConnection
{
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly NsqClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _silence;
    private IConnectionOwner? _owner;
    private NsqException? _reason;
    private bool _closed;
    private long _lastRead;

    private NsqConnection(
        NsqAddress address, NsqClientOptions options, IdentifyReply agreed, Stream stream, Socket socket, TimeProvider time, ILogger logger)
    {
        Address = address;
        Agreed = agreed;
        _options = options;
        _stream = stream;
        _socket = socket;
        _time = time;
        _logger = logger;
        _lastRead = time.GetTimestamp();
        _silence = time.CreateTimer(static connection => ((NsqConnection)connection!).CheckSilence(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Commands = new CommandQueue(stream, options.WriteTimeout, GiveUpWriting, time);
    }

    public NsqAddress Address { get; }

    /// <summary>What this side sends.</summary>
    public CommandQueue Commands { get; }

    /// <summary>What was negotiated.</summary>
    public IdentifyReply Agreed { get; }

    /// <summary>When something last came, as a timestamp of the clock.</summary>
    public long LastRead => Volatile.Read(ref _lastRead);

    /// <summary>Completes, without a failure, when the connection has ended and its owner knows.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Connects and negotiates.</summary>
    /// <exception cref="NsqException">That failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static async Task<NsqConnection> OpenAsync(
        NsqAddress address, NsqClientOptions options, IdentifyRequest request, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        using CancellationTokenSource timeout = new(options.ConnectTimeout, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            Handshake handshake = new(address, options, request, logger);
            (Stream stream, Socket socket) = await handshake.RunAsync(either.Token).ConfigureAwait(false);
            return new NsqConnection(address, options, handshake.Agreed, stream, socket, time, logger);
        }
        catch (OperationCanceledException e) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new NsqConnectionException($"no connection to {address} within {options.ConnectTimeout}", e);
        }
    }

    /// <summary>Lets both loops run. Called once, before any command.</summary>
    public void Start(IConnectionOwner owner)
    {
        _owner = owner;
        _silence.Change(_options.ReadTimeout, Timeout.InfiniteTimeSpan);
        _ = RunAsync(owner);
    }

    /// <summary>
    /// Closes gracefully: what was written is sent, then this side is shut and the server's last words are waited for, since
    /// closing before would throw away what the server has not read.
    /// </summary>
    public async Task CloseAsync()
    {
        Commands.Complete();
        using CancellationTokenSource timeout = new(FarewellTimeout, _time);
        using CancellationTokenRegistration farewell = timeout.Token.UnsafeRegister(
            static connection => ((NsqConnection)connection!).Abort(null), this);
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Closes at once. The first reason is the one that counts.</summary>
    public void Abort(NsqException? reason)
    {
        lock (_gate)
        {
            if (_closed) return;
            _closed = true;
            _reason ??= reason;
        }
        Commands.Complete();
        // The socket, not the stream: it alone may be closed under the loops, which then fail and end.
        _socket.Dispose();
    }

    private async Task RunAsync(IConnectionOwner owner)
    {
        Task writing = WriteAsync();
        try
        {
            await ReadAsync(owner).ConfigureAwait(false);
            Abort(LeftByServer());
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or InvalidDataException)
        {
            Abort(Lost(e));
        }
        catch (Exception e)
        {
            ClientLog.ReadLoopFailed(_logger, e, Address);
            Abort(Lost(e));
        }
        await writing.ConfigureAwait(false);
        await _silence.DisposeAsync().ConfigureAwait(false);
        await Commands.DisposeAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        try
        {
            owner.OnClosed(_reason);
        }
        finally
        {
            _ended.SetResult();
        }
    }

    private async Task ReadAsync(IConnectionOwner owner)
    {
        ReceiveBuffer received = new();
        while (true)
        {
            int count = await _stream.ReadAsync(received.GetRoom()).ConfigureAwait(false);
            if (count == 0) return;
            Volatile.Write(ref _lastRead, _time.GetTimestamp());
            received.Add(count);
            while (received.TryTake(out Frame frame, out ArraySegment<byte> bytes)) Take(frame, bytes, owner);
            owner.OnRead();
        }
    }

    private void Take(in Frame frame, ArraySegment<byte> bytes, IConnectionOwner owner)
    {
        switch (frame.Type)
        {
            case FrameType.Message:
                owner.OnMessage(bytes);
                break;
            case FrameType.Response when frame.IsHeartbeat:
                Commands.Nop();
                break;
            case FrameType.Response:
                owner.OnResponse(frame.Data);
                break;
            case FrameType.Error:
                NsqServerException error = new(Address.ToString(), Encoding.UTF8.GetString(frame.Data));
                ClientLog.ServerError(_logger, Address, error.ServerError);
                lock (_gate)
                {
                    // The server closes after it: that it said why must not be lost behind that it left.
                    if (error.IsFatal) _reason ??= error;
                }
                owner.OnError(error);
                break;
            default:
                ClientLog.UnknownFrame(_logger, Address, (int)frame.Type);
                break;
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await Commands.SendAllAsync().ConfigureAwait(false);
            if (!Volatile.Read(ref _closed)) _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e)
        {
            Abort(Lost(e));
        }
    }

    private void CheckSilence()
    {
        TimeSpan left = _options.ReadTimeout - _time.GetElapsedTime(LastRead);
        if (left <= TimeSpan.Zero)
            Abort(new NsqConnectionException($"the connection to {Address} was given up: nothing came for {_options.ReadTimeout}"));
        else
            _silence.Change(left, Timeout.InfiniteTimeSpan);
    }

    private void GiveUpWriting() =>
        Abort(new NsqConnectionException($"the connection to {Address} was given up: it took nothing for {_options.WriteTimeout}"));

    private NsqConnectionException? LeftByServer() =>
        Commands.IsComplete ? null : new NsqConnectionException($"{Address} closed the connection");

    private NsqConnectionException Lost(Exception e) => new($"the connection to {Address} was lost: {e.Message}", e);
}
