namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>Runs tasks on one thread in an order that follows from a seed; when none is left, virtual time goes on to the next timer.</summary>
internal sealed class SimulatedScheduler(int seed) : TaskScheduler
{
    private readonly Random _random = new(seed);
    private readonly List<Task> _tasks = [];

    public SimulatedTime Time { get; } = new();

    /// <summary>Runs a function and all that it causes until it ends or <paramref name="stop"/> says so.</summary>
    /// <returns>Whether it ended.</returns>
    public bool Run(Func<Task> function, Func<bool> stop)
    {
        // A context of the test runner would take continuations away from this scheduler.
        SynchronizationContext.SetSynchronizationContext(null);
        Task<Task> outer = Task.Factory.StartNew(function, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);
        Task whole = outer.Unwrap();
        while (!whole.IsCompleted)
        {
            if (stop())
                return false;
            if (_tasks.Count > 0)
            {
                int index = _random.Next(_tasks.Count);
                Task task = _tasks[index];
                _tasks.RemoveAt(index);
                TryExecuteTask(task);
            }
            else if (!Time.FireNext())
            {
                throw new InvalidOperationException("everything waits, and no timer is left");
            }
        }
        whole.GetAwaiter().GetResult();
        return true;
    }

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;

    protected override void QueueTask(Task task) => _tasks.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;
}
