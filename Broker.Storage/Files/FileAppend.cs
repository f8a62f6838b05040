using System.Threading.Tasks.Sources;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>An append that waits for the log writer, and what its caller awaits. Used again and again.</summary>
internal sealed class FileAppend : IValueTaskSource
{
    private readonly FileAppends _pool;

    // The caller goes on where it came from (a grain's turn), never on the thread that writes.
    private ManualResetValueTaskSourceCore<bool> _completion = new() { RunContinuationsAsynchronously = true };

    public FileAppend(FileAppends pool) => _pool = pool;

    public MessageBatch Batch { get; private set; } = null!;

    public long Publisher { get; private set; }

    public long Sequence { get; private set; }

    public long Lowest { get; private set; }

    public long Epoch { get; private set; }

    /// <summary>When it was handed over, by the clock; 0 when nobody measures.</summary>
    public long Started { get; private set; }

    /// <summary>Set when written: where, and what stands before the records.</summary>
    public Segment Segment { get; set; } = null!;

    public BatchHeader Header { get; set; }

    public long Position { get; set; }

    public ValueTask Begin(MessageBatch batch, long publisher, long sequence, long lowest, long epoch, long started)
    {
        Started = started;
        Batch = batch;
        Publisher = publisher;
        Sequence = sequence;
        Lowest = lowest;
        Epoch = epoch;
        return new ValueTask(this, _completion.Version);
    }

    public void Complete() => _completion.SetResult(true);

    public void Fail(StoreException e) => _completion.SetException(e);

    public void GetResult(short token)
    {
        try
        {
            _completion.GetResult(token);
        }
        finally
        {
            Batch = null!;
            Segment = null!;
            _completion.Reset();
            _pool.Return(this);
        }
    }

    public ValueTaskSourceStatus GetStatus(short token) => _completion.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _completion.OnCompleted(continuation, state, token, flags);
}
