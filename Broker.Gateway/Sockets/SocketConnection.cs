using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Broker.Gateway.Sockets;

/// <summary>
/// A client's socket as a pair of pipes. What comes is read, and what follows from it is done, by the thread that was woken for it; a client that sends much
/// is served by the thread pool, so that those who send little do not wait for it. What is to be sent is sent by whoever flushes.
/// </summary>
internal sealed class SocketConnection : ConnectionContext, IServedInPlace, IThreadPoolWorkItem
{
    // What a socket brings without end is for the pool.
    private const int MaxReads = 4;
    private const int SegmentBytes = 16 * 1024;

    [ThreadStatic]
    private static SocketConnection? _served;

    private readonly Lock _sync = new();
    private readonly SocketThread _thread;
    private readonly Socket _socket;
    private readonly Pipe _input;
    private readonly Pipe _output;
    private readonly List<ArraySegment<byte>> _sending = [];
    private readonly TaskCompletionSource _readingEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ended = new();
    private TaskCompletionSource? _writable;
    private Task _sendingEnded = Task.CompletedTask;
    private Exception? _closeReason;
    private volatile bool _isLeftToPool;
    private volatile bool _endComes;
    private bool _isReading;
    private bool _hasMore;
    private bool _mayWrite;
    private bool _isClosed;

    /// <param name="thread">Who serves it.</param>
    /// <param name="socket">The socket, connected.</param>
    /// <param name="number">Its number.</param>
    /// <param name="limits">What its buffers hold.</param>
    public SocketConnection(SocketThread thread, Socket socket, long number, SocketLimits limits)
    {
        _thread = thread;
        _socket = socket;
        Number = number;
        ConnectionId = number.ToString(CultureInfo.InvariantCulture);
        ConnectionClosed = _ended.Token;
        Descriptor = (int)socket.SafeHandle.DangerousGetHandle();
        LocalEndPoint = socket.LocalEndPoint;
        RemoteEndPoint = socket.RemoteEndPoint;
        _input = new Pipe(new PipeOptions(
            readerScheduler: new ServingScheduler(this),
            writerScheduler: PipeScheduler.ThreadPool,
            pauseWriterThreshold: limits.Unread,
            resumeWriterThreshold: limits.Unread / 2,
            minimumSegmentSize: SegmentBytes,
            useSynchronizationContext: false));
        _output = new Pipe(new PipeOptions(
            readerScheduler: PipeScheduler.Inline,
            writerScheduler: PipeScheduler.ThreadPool,
            pauseWriterThreshold: limits.Unsent,
            resumeWriterThreshold: limits.Unsent / 2,
            minimumSegmentSize: SegmentBytes,
            useSynchronizationContext: false));
        Transport = new Pipes(_input.Reader, _output.Writer);
        Features.Set<IServedInPlace>(this);
    }

    /// <summary>Its number among those of its threads.</summary>
    public long Number { get; }

    /// <summary>The socket's number for the system.</summary>
    public int Descriptor { get; }

    /// <inheritdoc/>
    public override string ConnectionId { get; set; }

    /// <inheritdoc/>
    public override IFeatureCollection Features { get; } = new FeatureCollection();

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    /// <inheritdoc/>
    public override IDuplexPipe Transport { get; set; }

    /// <summary>Begins to read and to send.</summary>
    public void Start()
    {
        _sendingEnded = SendAsync();
        _thread.Add(this);
    }

    /// <summary>Something has come, or can be sent again.</summary>
    public void OnReady(uint events)
    {
        bool reads;
        TaskCompletionSource? writable = null;
        lock (_sync)
        {
            if (_isClosed)
                return;
            bool hasMore = (events & (Epoll.Readable | Epoll.Ended | Epoll.Broken)) != 0;
            _endComes |= (events & (Epoll.Ended | Epoll.Broken)) != 0;
            reads = hasMore && !_isReading;
            _hasMore |= hasMore && _isReading;
            _isReading |= reads;
            if ((events & (Epoll.Writable | Epoll.Broken)) != 0)
            {
                _mayWrite = true;
                (writable, _writable) = (_writable, null);
            }
        }
        writable?.SetResult();
        if (reads)
            Receive();
    }

    /// <inheritdoc/>
    public void LeaveToPool() => _isLeftToPool = true;

    /// <summary>Goes on reading what is too much for the thread that serves many.</summary>
    void IThreadPoolWorkItem.Execute() => Receive();

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        Close(abortReason);
        _output.Reader.CancelPendingRead();
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _input.Reader.CompleteAsync();
        await _output.Writer.CompleteAsync();
        await _sendingEnded;
        await _readingEnded.Task;
        _ended.Dispose();
    }

    private void Receive()
    {
        SocketConnection? outer = _served;
        _served = this;
        try
        {
            for (int reads = 1; ; reads++)
            {
                Memory<byte> memory = _input.Writer.GetMemory();
                int received = _socket.Receive(memory.Span, SocketFlags.None, out SocketError error);
                if (received > 0)
                {
                    _input.Writer.Advance(received);
                    ValueTask<FlushResult> taken = _input.Writer.FlushAsync();
                    if (!taken.IsCompletedSuccessfully)
                    {
                        _ = AwaitRoomAsync(taken);
                        return;
                    }
                    if (taken.Result.IsCompleted || taken.Result.IsCanceled)
                    {
                        EndReading(SocketError.Success);
                        return;
                    }
                }
                else if (error != SocketError.WouldBlock)
                {
                    EndReading(error);
                    return;
                }
                // What comes from now on is told of again, but not that it is the end, if that was told already.
                bool isAll = error == SocketError.WouldBlock || (received < memory.Length && !_endComes);
                if (isAll && PausesReading())
                    return;
                if (reads >= MaxReads)
                {
                    ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            EndReading(SocketError.OperationAborted);
        }
        finally
        {
            _served = outer;
        }
    }

    private async Task AwaitRoomAsync(ValueTask<FlushResult> taken)
    {
        FlushResult result = await taken;
        if (result.IsCompleted || result.IsCanceled)
            EndReading(SocketError.Success);
        else
            Receive();
    }

    private bool PausesReading()
    {
        bool isClosed;
        lock (_sync)
        {
            if (_hasMore)
                return _hasMore = false;
            isClosed = _isClosed;
            _isReading = isClosed;
        }
        if (isClosed)
            EndReading(SocketError.OperationAborted);
        return true;
    }

    /// <summary>Nothing more is read. Called once: by whoever was to read next.</summary>
    private void EndReading(SocketError error)
    {
        Exception? failure = error switch
        {
            SocketError.Success => null,
            _ when _closeReason is { } reason => reason,
            SocketError.ConnectionReset => new ConnectionResetException("the client has reset the connection"),
            _ => new IOException($"the connection cannot be read: {new SocketException((int)error).Message}"),
        };
        _input.Writer.Complete(failure);
        ThreadPool.UnsafeQueueUserWorkItem(
            static connection =>
            {
                // Whoever waits for the end of the connection hears of it.
                connection._ended.Cancel();
                connection._readingEnded.TrySetResult();
            },
            this,
            preferLocal: false);
    }

    private async Task SendAsync()
    {
        Exception? failure = null;
        try
        {
            while (true)
            {
                ReadResult result = await _output.Reader.ReadAsync();
                if (result.IsCanceled)
                    break;
                ReadOnlySequence<byte> left = result.Buffer;
                while (!left.IsEmpty)
                {
                    Volatile.Write(ref _mayWrite, false);
                    int sent = Send(left, out SocketError error);
                    if (error == SocketError.WouldBlock)
                        await WhenWritable();
                    else if (error != SocketError.Success)
                        throw new ConnectionResetException($"the client cannot be written to: {new SocketException((int)error).Message}");
                    else
                        left = left.Slice(sent);
                }
                _output.Reader.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted)
                    break;
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            failure = e;
        }
        Close(failure);
        await _output.Reader.CompleteAsync();
        _input.Writer.CancelPendingFlush();
    }

    private int Send(in ReadOnlySequence<byte> bytes, out SocketError error)
    {
        if (bytes.IsSingleSegment)
            return _socket.Send(bytes.FirstSpan, SocketFlags.None, out error);
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            MemoryMarshal.TryGetArray(segment, out ArraySegment<byte> array);
            _sending.Add(array);
        }
        try
        {
            return _socket.Send(_sending, SocketFlags.None, out error);
        }
        finally
        {
            _sending.Clear();
        }
    }

    private Task WhenWritable()
    {
        lock (_sync)
        {
            if (_isClosed)
                throw new ObjectDisposedException(nameof(SocketConnection));
            // It may have become so since the attempt.
            return _mayWrite ? Task.CompletedTask : (_writable = new TaskCompletionSource()).Task;
        }
    }

    /// <summary>Closes the socket: orderly when all was sent, else the client learns by a reset.</summary>
    private void Close(Exception? reason)
    {
        bool endsReading;
        TaskCompletionSource? writable;
        lock (_sync)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            _closeReason = reason ?? new ConnectionAbortedException("the connection was closed");
            // Who reads at this moment ends the reading himself.
            endsReading = !_isReading;
            (writable, _writable) = (_writable, null);
            _thread.Remove(this);
            if (reason is null)
            {
                try
                {
                    _socket.Shutdown(SocketShutdown.Both);
                }
                catch (SocketException)
                {
                    // The client was faster.
                }
                _socket.Dispose();
            }
            else
            {
                _socket.Close(timeout: 0);
            }
        }
        writable?.SetException(new ObjectDisposedException(nameof(SocketConnection)));
        if (endsReading)
            EndReading(SocketError.OperationAborted);
    }

    /// <summary>What the reader does with what came is done where it was read; what it does for other causes, by the pool.</summary>
    private sealed class ServingScheduler(SocketConnection connection) : PipeScheduler
    {
        public override void Schedule(Action<object?> action, object? state) =>
            (_served == connection && !connection._isLeftToPool ? Inline : ThreadPool).Schedule(action, state);
    }

    private sealed class Pipes(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
