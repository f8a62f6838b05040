using System.IO.Pipelines;

namespace Broker.Client;

/// <summary>Wakes the write loop on the thread pool without allocating: there is one loop, so one work item is enough.</summary>
internal sealed class WriteLoopScheduler : PipeScheduler, IThreadPoolWorkItem
{
    private Action<object?>? _action;
    private object? _state;

    public override void Schedule(Action<object?> action, object? state)
    {
        _action = action;
        _state = state;
        // The base class has a property of that name.
        System.Threading.ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // The loop is scheduled again only after it has run, so the fields are free before they are set anew.
    void IThreadPoolWorkItem.Execute()
    {
        (Action<object?> action, object? state) = (_action!, _state);
        action(state);
    }
}
