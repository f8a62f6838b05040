namespace Broker.Orleans.Embedded;

/// <summary>Where turns run that cannot run on the thread of a caller.</summary>
public interface ITurnScheduler
{
    /// <summary>Runs the work soon, on a thread that holds no lock and has no synchronisation context.</summary>
    void Schedule(IThreadPoolWorkItem work);
}
