using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using Broker.Protocol.Client;
using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>One conversation with a server, full duplex: a read loop and a write loop that do not wait for one another.</summary>
/// <remarks>
/// Commands are written into a pipe, under a lock, by whoever has them; the write loop sends what has gathered while it was
/// sending. So commands of concurrent callers leave together, and no caller waits for the socket.
/// </remarks>
internal sealed class NsqConnection
{
    private const int SegmentSize = 32 << 10;
    private const int ReceiveBufferSize = 64 << 10;
    private static readonly TimeSpan FarewellTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly NsqClientOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Pipe _output = new(new PipeOptions(
        readerScheduler: new WriteLoopScheduler(),
        minimumSegmentSize: SegmentSize,
        pauseWriterThreshold: 0,
        resumeWriterThreshold: 0,
        useSynchronizationContext: false));

    private readonly ITimer _silence;
    private readonly ITimer _stuck;
    private IConnectionOwner? _owner;
    private NsqException? _reason;
    private bool _closed;
    private bool _leaving;
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
        _stuck = time.CreateTimer(static connection => ((NsqConnection)connection!).GiveUpWriting(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public NsqAddress Address { get; }

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

    /// <summary>Sends SUB.</summary>
    public void Subscribe(string topic, string channel)
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteSubscribe(topic, channel);
            Flush();
        }
    }

    /// <summary>Sends RDY.</summary>
    public void Ready(int count)
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteReady(count);
            Flush();
        }
    }

    /// <summary>Sends CLS.</summary>
    public void AskToClose()
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteClose();
            Flush();
        }
    }

    /// <summary>Sends NOP.</summary>
    public void Nop()
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteNop();
            Flush();
        }
    }

    /// <summary>Sends FIN; false when the connection is gone.</summary>
    public bool Finish(ReadOnlySpan<byte> id)
    {
        lock (_gate)
        {
            if (_leaving) return false;
            _output.Writer.WriteFinish(id);
            Flush();
            return true;
        }
    }

    /// <summary>Sends REQ; false when the connection is gone.</summary>
    public bool Requeue(ReadOnlySpan<byte> id, TimeSpan delay)
    {
        lock (_gate)
        {
            if (_leaving) return false;
            _output.Writer.WriteRequeue(id, delay);
            Flush();
            return true;
        }
    }

    /// <summary>Sends TOUCH; false when the connection is gone.</summary>
    public bool Touch(ReadOnlySpan<byte> id)
    {
        lock (_gate)
        {
            if (_leaving) return false;
            _output.Writer.WriteTouch(id);
            Flush();
            return true;
        }
    }

    /// <summary>Sends PUB.</summary>
    public void Publish(string topic, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WritePublish(topic, body);
            Flush();
        }
    }

    /// <summary>Sends MPUB.</summary>
    public void Publish(string topic, ReadOnlySpan<ReadOnlyMemory<byte>> bodies)
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteMultiPublish(topic, bodies);
            Flush();
        }
    }

    /// <summary>Sends DPUB.</summary>
    public void Publish(string topic, TimeSpan delay, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_leaving) return;
            _output.Writer.WriteDeferredPublish(topic, delay, body);
            Flush();
        }
    }

    /// <summary>
    /// Closes gracefully: what was written is sent, then this side is shut and the server's last words are waited for, since
    /// closing before would throw away what the server has not read.
    /// </summary>
    public async Task CloseAsync()
    {
        lock (_gate)
        {
            if (!_leaving)
            {
                _leaving = true;
                _output.Writer.Complete();
            }
        }
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
            if (!_leaving)
            {
                _leaving = true;
                _output.Writer.Complete();
            }
        }
        // The socket, not the stream: it alone may be closed under the loops, which then fail and end.
        _socket.Dispose();
    }

    private void Flush()
    {
        // Without a threshold a flush has nothing to wait for: it hands over to the write loop and is done.
        ValueTask<FlushResult> flush = _output.Writer.FlushAsync();
        if (flush.IsCompletedSuccessfully) _ = flush.Result;
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
        await _stuck.DisposeAsync().ConfigureAwait(false);
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
        PipeReader input = PipeReader.Create(_stream, new StreamPipeReaderOptions(bufferSize: ReceiveBufferSize, leaveOpen: true));
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync().ConfigureAwait(false);
                Volatile.Write(ref _lastRead, _time.GetTimestamp());
                ReadOnlySequence<byte> rest = read.Buffer;
                TakeFrames(ref rest, owner);
                input.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted) return;
            }
        }
        finally
        {
            await input.CompleteAsync().ConfigureAwait(false);
        }
    }

    private void TakeFrames(ref ReadOnlySequence<byte> buffer, IConnectionOwner owner)
    {
        while (true)
        {
            // Nearly all frames lie in one segment, where they are cut without the cost of a sequence.
            ReadOnlySpan<byte> first = buffer.FirstSpan;
            ReadOnlySpan<byte> rest = first;
            while (FrameReader.TryRead(ref rest, out Frame frame)) Take(frame, owner);
            buffer = buffer.Slice(first.Length - rest.Length);
            if (!FrameReader.TryRead(ref buffer, out FrameType type, out ReadOnlySequence<byte> data)) return;
            Take(type, data, owner);
        }
    }

    private void Take(FrameType type, in ReadOnlySequence<byte> data, IConnectionOwner owner)
    {
        if (type == FrameType.Message)
        {
            byte[] message = NsqMessage.Allocate((int)data.Length);
            data.CopyTo(NsqMessage.WireData(message));
            owner.OnMessage(message);
        }
        else
        {
            Take(new Frame(type, data.ToArray()), owner);
        }
    }

    private void Take(in Frame frame, IConnectionOwner owner)
    {
        switch (frame.Type)
        {
            case FrameType.Message:
                byte[] message = NsqMessage.Allocate(frame.Data.Length);
                frame.Data.CopyTo(NsqMessage.WireData(message));
                owner.OnMessage(message);
                break;
            case FrameType.Response when frame.IsHeartbeat:
                Nop();
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
        PipeReader output = _output.Reader;
        try
        {
            while (true)
            {
                ReadResult read = await output.ReadAsync().ConfigureAwait(false);
                if (!read.Buffer.IsEmpty) await SendAsync(read.Buffer).ConfigureAwait(false);
                output.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) break;
            }
            if (!Volatile.Read(ref _closed)) _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e)
        {
            Abort(Lost(e));
        }
        finally
        {
            await output.CompleteAsync().ConfigureAwait(false);
        }
    }

    private ValueTask SendAsync(in ReadOnlySequence<byte> bytes)
    {
        ValueTask sending = bytes.IsSingleSegment ? SendOneAsync(bytes.First) : SendManyAsync(bytes);
        return sending.IsCompletedSuccessfully ? sending : WatchedAsync(sending);
    }

    private ValueTask SendOneAsync(ReadOnlyMemory<byte> bytes)
    {
        ValueTask writing = _stream.WriteAsync(bytes);
        return writing.IsCompletedSuccessfully && _stream is NetworkStream ? writing : FlushAfterAsync(writing);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendManyAsync(ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> segment in bytes) await _stream.WriteAsync(segment).ConfigureAwait(false);
        await _stream.FlushAsync().ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAfterAsync(ValueTask writing)
    {
        await writing.ConfigureAwait(false);
        await _stream.FlushAsync().ConfigureAwait(false);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WatchedAsync(ValueTask sending)
    {
        _stuck.Change(_options.WriteTimeout, Timeout.InfiniteTimeSpan);
        await sending.ConfigureAwait(false);
        _stuck.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
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
        Volatile.Read(ref _leaving) ? null : new NsqConnectionException($"{Address} closed the connection");

    private NsqConnectionException Lost(Exception e) => new($"the connection to {Address} was lost: {e.Message}", e);
}
