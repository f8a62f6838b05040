namespace Broker.Gateway;

/// <summary>
/// A grain call that several connections may wait for. When it has ended before anyone came to wait, it costs no task.
/// </summary>
internal abstract class PendingCall
{
    private static readonly TaskCompletionSource Finished = MakeFinished();

    private TaskCompletionSource? _completion;

    /// <summary>Whether the call has ended; its outcome can be read then.</summary>
    public bool IsCompleted => Volatile.Read(ref _completion) == Finished;

    /// <summary>Ends when the call has ended; never fails.</summary>
    public Task WaitAsync()
    {
        TaskCompletionSource? completion = Volatile.Read(ref _completion);
        if (completion is null)
        {
            // Whoever ends the call has more to do than to run all that waited for it.
            TaskCompletionSource made = new(TaskCreationOptions.RunContinuationsAsynchronously);
            completion = Interlocked.CompareExchange(ref _completion, made, null) ?? made;
        }
        return completion.Task;
    }

    /// <summary>Lets the waiters go on; the outcome was written before.</summary>
    protected void SetCompleted() => Interlocked.Exchange(ref _completion, Finished)?.TrySetResult();

    private static TaskCompletionSource MakeFinished()
    {
        TaskCompletionSource finished = new();
        finished.SetResult();
        return finished;
    }
}
