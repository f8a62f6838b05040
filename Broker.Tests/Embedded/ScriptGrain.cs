using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Embedded;

public class ScriptGrain : Grain, IScriptGrain
{
    private readonly GrainJournal _journal;

    public ScriptGrain(GrainJournal journal)
    {
        _journal = journal;
        journal.Constructing?.Invoke();
    }

    public string Key => this.GetPrimaryKeyString();

    public IGrainFactory Grains => GrainFactory;

    public IServiceProvider Services => ServiceProvider;

    /// <summary>What a script wants to find again in the same activation.</summary>
    public Dictionary<string, object> Memory { get; } = [];

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_journal.Activating is { } script)
        {
            await script(this, cancellationToken);
        }
        _journal.Add($"+{Key}");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _journal.Add($"-{Key} {reason.ReasonCode}");
        if (_journal.Deactivating is { } script)
        {
            await script(this, reason, cancellationToken);
        }
    }

    public Task Run(Func<ScriptGrain, Task> script) => script(this);

    public Task<object?> Ask(Func<ScriptGrain, Task<object?>> script) => script(this);

    public ValueTask RunValue(Func<ScriptGrain, ValueTask> script) => script(this);

    public ValueTask<int> AskValue(Func<ScriptGrain, ValueTask<int>> script) => script(this);

    public ValueTask<string> Join(string text, int number, DateTime? time, params string[] rest) =>
        ValueTask.FromResult($"{text} {number} {time:yyyy} {string.Join('+', rest)}");

    public Task RunAlways(Func<ScriptGrain, Task> script) => script(this);

    public Task Read(Func<ScriptGrain, Task> script) => script(this);

    public Task Tell(Func<ScriptGrain, Task> script) => script(this);

    public void Shout(Action<ScriptGrain> script) => script(this);

    public Task RunShort(Func<ScriptGrain, Task> script) => script(this);

    public void DeactivateSoon() => DeactivateOnIdle();

    public void KeepFor(TimeSpan time) => DelayDeactivation(time);
}
