namespace Broker.Grains;

/// <summary>
/// Work of which one run at most is under way in an activation: whoever wants it meanwhile waits for that run. To be used from the turns of one
/// grain only.
/// </summary>
internal sealed class SingleRun
{
    private Task? _running;

    /// <summary>The run that is under way; null when there is none.</summary>
    public Task? UnderWay => _running;

    /// <summary>Joins the run that is under way, or starts one.</summary>
    public Task JoinAsync(Func<Task> work)
    {
        if (_running is { } running)
            return running;
        Task run = RunAsync(work);
        if (!run.IsCompleted)
            _running = run;
        return run;
    }

    // The run itself says when it is over: one of those who wait would take away a run that a later caller has started.
    private async Task RunAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
        finally
        {
            _running = null;
        }
    }
}
