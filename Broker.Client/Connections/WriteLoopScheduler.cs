using System.IO.Pipelines;

namespace Broker.Client;

/// <summary>
/// Wakes the write loop on the thread pool without allocating (there is one loop, so one work item is enough), or lets the one who
/// woke it run it.
/// </summary>
internal sealed class WriteLoopScheduler : PipeScheduler, IThreadPoolWorkItem
{
    private Action<object?>? _action;
    private object? _state;
    private (Action<object?>? Action, object? State) _caught;
    private int _catcher;

    public override void Schedule(Action<object?> action, object? state)
    {
        // The loop schedules itself when there is something just as it begins to wait: while another thread catches, that is not its catch.
        if (Volatile.Read(ref _catcher) == Environment.CurrentManagedThreadId)
        {
            _caught = (action, state);
            return;
        }

        _action = action;
        _state = state;
        // The base class has a property of that name.
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Keeps what this thread schedules from now on. Under the lock under which the pipe is flushed.</summary>
    public void Catch()
    {
        _caught = default;
        Volatile.Write(ref _catcher, Environment.CurrentManagedThreadId);
    }

    /// <summary>What was scheduled since <see cref="Catch"/>, for the caller to run; null when the loop was not waiting.</summary>
    public (Action<object?>? Action, object? State) Release()
    {
        Volatile.Write(ref _catcher, 0);
        return _caught;
    }

    // The loop is scheduled again only after it has run, so the fields are free before they are set anew.
    void IThreadPoolWorkItem.Execute()
    {
        (Action<object?> action, object? state) = (_action!, _state);
        action(state);
    }
}
