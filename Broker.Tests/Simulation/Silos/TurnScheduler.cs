using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>Runs the turns of one activation or observer one after the other, among all else that the simulation runs.</summary>
internal sealed class TurnScheduler(SimulatedSilo silo, string name) : TaskScheduler, IWorkItemScheduler, IThreadPoolWorkItem
{
    private readonly Queue<Task> _turns = new();
    private bool _isScheduled;
    private bool _isDead;

    /// <summary>Whoever waits for a turn waits for ever, as for a process that died.</summary>
    public void Kill()
    {
        _isDead = true;
        _turns.Clear();
    }

    public void QueueAction(Action action) => new Task(action).Start(this);

    public void QueueAction(Action<object> action, object state) => new Task(action!, state).Start(this);

    public void Execute()
    {
        _isScheduled = false;
        if (!_turns.TryDequeue(out Task? turn))
            return;
        SimulatedCluster.RunAs(silo, () => TryExecuteTask(turn));
        ScheduleNext();
    }

    public override string ToString() => name;

    void IWorkItemScheduler.QueueTask(Task task) => task.Start(this);

    protected override void QueueTask(Task task)
    {
        if (_isDead)
            return;
        _turns.Enqueue(task);
        ScheduleNext();
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _turns;

    private void ScheduleNext()
    {
        if (_isScheduled || _turns.Count == 0)
            return;
        _isScheduled = true;
        silo.Cluster.Scheduler.Schedule(this);
    }
}
