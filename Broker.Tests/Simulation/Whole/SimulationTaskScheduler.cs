namespace Broker.Tests.Simulation.Whole;

/// <summary>Runs tasks of the storage among the turns of the grains, in the simulation's order.</summary>
internal sealed class SimulationTaskScheduler(SeededScheduler scheduler) : TaskScheduler
{
    protected override void QueueTask(Task task) => scheduler.Schedule(new Item(this, task));

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private sealed class Item(SimulationTaskScheduler scheduler, Task task) : IThreadPoolWorkItem
    {
        public void Execute() => scheduler.TryExecuteTask(task);

        public override string ToString() => "storage";
    }
}
