using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Broker.Protocol.Client;

namespace Broker.Client;

/// <summary>
/// What is to be sent on a connection. Commands are written into a pipe, under a lock, by whoever has them; the write loop sends
/// what has gathered while it was sending. So commands of concurrent callers leave together, and no caller waits for the socket.
/// </summary>
internal sealed class CommandQueue : IAsyncDisposable
{
    private const int SegmentSize = 32 << 10;

    // A server that has nothing else to send is not to wait long for its credit.
    private const int HeldBytesLimit = 4 << 10;
    private static readonly TimeSpan HeldTimeout = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly TimeSpan _writeTimeout;
    private readonly WriteLoopScheduler _scheduler = new();
    private readonly Pipe _pipe;
    private readonly ITimer _stuck;
    private readonly ITimer _held;
    private bool _isComplete;
    private int _heldBytes;
    private bool _holdEnds;

    /// <param name="stream">Where to send.</param>
    /// <param name="writeTimeout">How long the server may take nothing.</param>
    /// <param name="giveUp">Called when it did.</param>
    /// <param name="time">The clock.</param>
    public CommandQueue(Stream stream, TimeSpan writeTimeout, Action giveUp, TimeProvider time)
    {
        _stream = stream;
        _writeTimeout = writeTimeout;
        _pipe = new Pipe(new PipeOptions(
            readerScheduler: _scheduler,
            minimumSegmentSize: SegmentSize,
            pauseWriterThreshold: 0,
            resumeWriterThreshold: 0,
            useSynchronizationContext: false));
        _stuck = time.CreateTimer(static giveUp => ((Action)giveUp!)(), giveUp, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _held = time.CreateTimer(static queue => ((CommandQueue)queue!).EndHold(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Whether it takes no more commands.</summary>
    public bool IsComplete => Volatile.Read(ref _isComplete);

    /// <summary>Sends SUB.</summary>
    public void Subscribe(string topic, string channel)
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteSubscribe(topic, channel);
            Flush();
        }
    }

    /// <summary>Sends RDY.</summary>
    public void Ready(int count)
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteReady(count);
            Flush();
        }
    }

    /// <summary>Sends CLS.</summary>
    public void AskToClose()
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteClose();
            Flush();
        }
    }

    /// <summary>Sends NOP.</summary>
    public void Nop()
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteNop();
            Flush();
        }
    }

    /// <summary>Sends FIN; false when the connection is gone.</summary>
    public bool Finish(ReadOnlySpan<byte> id)
    {
        lock (_gate)
        {
            if (_isComplete) return false;
            _pipe.Writer.WriteFinish(id);
            Flush();
            return true;
        }
    }

    /// <summary>
    /// Sends FIN with the next command or <see cref="SendHeld"/>, and at the latest 5 ms from now; false when the connection is gone.
    /// </summary>
    public bool FinishSoon(ReadOnlySpan<byte> id)
    {
        lock (_gate)
        {
            if (_isComplete) return false;
            _pipe.Writer.WriteFinish(id);
            _heldBytes += CommandWriter.FinishSize;
            if (_heldBytes >= HeldBytesLimit)
            {
                Flush();
            }
            else if (!_holdEnds)
            {
                _holdEnds = true;
                _held.Change(HeldTimeout, Timeout.InfiniteTimeSpan);
            }
            return true;
        }
    }

    /// <summary>Sends what was held back, on the caller's thread as far as the socket takes it.</summary>
    public void SendHeld()
    {
        Action<object?>? loop;
        object? state;
        lock (_gate)
        {
            if (_heldBytes == 0 || _isComplete) return;
            _scheduler.Catch();
            Flush();
            (loop, state) = _scheduler.Release();
        }
        loop?.Invoke(state);
    }

    /// <summary>Sends REQ; false when the connection is gone.</summary>
    public bool Requeue(ReadOnlySpan<byte> id, TimeSpan delay)
    {
        lock (_gate)
        {
            if (_isComplete) return false;
            _pipe.Writer.WriteRequeue(id, delay);
            Flush();
            return true;
        }
    }

    /// <summary>Sends TOUCH; false when the connection is gone.</summary>
    public bool Touch(ReadOnlySpan<byte> id)
    {
        lock (_gate)
        {
            if (_isComplete) return false;
            _pipe.Writer.WriteTouch(id);
            Flush();
            return true;
        }
    }

    /// <summary>Sends PUB.</summary>
    public void Publish(string topic, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WritePublish(topic, body);
            Flush();
        }
    }

    /// <summary>Sends MPUB.</summary>
    public void Publish(string topic, ReadOnlySpan<ReadOnlyMemory<byte>> bodies)
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteMultiPublish(topic, bodies);
            Flush();
        }
    }

    /// <summary>Sends DPUB.</summary>
    public void Publish(string topic, TimeSpan delay, ReadOnlySpan<byte> body)
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _pipe.Writer.WriteDeferredPublish(topic, delay, body);
            Flush();
        }
    }

    /// <summary>Takes no more commands; what was written is still sent.</summary>
    public void Complete()
    {
        lock (_gate)
        {
            if (_isComplete) return;
            _isComplete = true;
            _pipe.Writer.Complete();
        }
    }

    /// <summary>The write loop: ends when all was sent after <see cref="Complete"/>.</summary>
    /// <exception cref="IOException">The connection was lost.</exception>
    /// <exception cref="SocketException">The connection was lost.</exception>
    /// <exception cref="ObjectDisposedException">The connection was closed.</exception>
    public async Task SendAllAsync()
    {
        PipeReader output = _pipe.Reader;
        try
        {
            while (true)
            {
                ReadResult read = await output.ReadAsync().ConfigureAwait(false);
                if (!read.Buffer.IsEmpty) await SendAsync(read.Buffer).ConfigureAwait(false);
                output.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted) return;
            }
        }
        finally
        {
            await output.CompleteAsync().ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stuck.DisposeAsync().ConfigureAwait(false);
        await _held.DisposeAsync().ConfigureAwait(false);
    }

    private void EndHold()
    {
        lock (_gate)
        {
            _holdEnds = false;
            if (_heldBytes > 0 && !_isComplete) Flush();
        }
    }

    private void Flush()
    {
        _heldBytes = 0;

        // Without a threshold a flush has nothing to wait for: it hands over to the write loop and is done.
        ValueTask<FlushResult> flush = _pipe.Writer.FlushAsync();
        if (flush.IsCompletedSuccessfully) _ = flush.Result;
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
        _stuck.Change(_writeTimeout, Timeout.InfiniteTimeSpan);
        await sending.ConfigureAwait(false);
        _stuck.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
