using System.Collections.Concurrent;
using System.Globalization;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Where a script runs: a simulated silo or a genuine one, both with grains under virtual time.</summary>
public abstract class ScriptStage(string name, IGrainFactory grains, ScriptBook book, VirtualTimeProvider time)
{
    private readonly ConcurrentQueue<string> _notes = new();
    private readonly ConcurrentQueue<IGrainObserver> _observers = new();
    private readonly TimeSpan _start = time.Elapsed;

    public IGrainFactory Grains { get; } = grains;

    /// <summary>What the script noted so far.</summary>
    public IReadOnlyList<string> Notes => [.. _notes];

    protected VirtualTimeProvider Time { get; } = time;

    public IScripted Plain(string key) => Grains.GetGrain<IScriptGrain>($"{name}/{key}");

    public IScripted Reentrant(string key) => Grains.GetGrain<IReentrantScriptGrain>($"{name}/{key}");

    /// <summary>What a grain does when it comes and goes; set before it is first called.</summary>
    public ScriptHooks Hooks(IScripted grain) => book[grain.GetPrimaryKeyString()];

    /// <summary>Makes a reference to an observer, and keeps the observer as long as the script runs.</summary>
    public IListener Refer(IListener listener)
    {
        _observers.Enqueue(listener);
        return Grains.CreateObjectReference<IListener>(listener);
    }

    public void Note(string line) => _notes.Enqueue(line);

    /// <summary>Notes something with the seconds of the script's life.</summary>
    public void NoteAt(string line) => Note(string.Create(CultureInfo.InvariantCulture, $"{(Time.Elapsed - _start).TotalSeconds:0.#} {line}"));

    /// <summary>Notes how a call ends.</summary>
    public async Task NoteEndAsync(Task call, string what)
    {
        try
        {
            await call;
            Note($"{what} ends");
        }
        catch (Exception e)
        {
            Note($"{what}: {e.GetType().Name}");
        }
    }

    /// <summary>Something to wait for.</summary>
    public abstract TaskCompletionSource NewSignal();

    /// <summary>Lets time pass, and lets the timers of a grain that lives tick as they come due.</summary>
    public abstract Task PassAsync(IScripted grain, TimeSpan duration);
}
