using Broker.Storage;

namespace Broker.Tests.Grains.Faults;

/// <summary>A store whose calls a test may hold up or fail, each by its name.</summary>
internal sealed class ScriptedStore
{
    private readonly Dictionary<string, Func<Task>> _before = new(StringComparer.Ordinal);

    public ScriptedStore(IMessageStore store) => Store = Intercepted.Of(store, (method, go) => method.Name switch
    {
        nameof(IMessageStore.OpenTopicAsync) => OpenAsync(go),
        nameof(IMessageStore.DeleteChannelAsync) => RunAsync(method.Name, go),
        _ => go(),
    });

    public IMessageStore Store { get; }

    /// <summary>What happens before each call of a member, until it is set anew; null for nothing.</summary>
    public void Before(string member, Func<Task>? step)
    {
        if (step is null)
            _before.Remove(member);
        else
            _before[member] = step;
    }

    private async ValueTask<ITopicLog?> OpenAsync(Func<object?> go)
    {
        await StepAsync(nameof(IMessageStore.OpenTopicAsync));
        return await (ValueTask<ITopicLog?>)go()! is { } log ? Intercepted.Of(log, CallLog) : null;
    }

    private object? CallLog(System.Reflection.MethodInfo method, Func<object?> go) =>
        method.Name is nameof(ITopicLog.SaveRecordAsync) or nameof(ITopicLog.DeleteAsync) ? RunAsync(method.Name, go) : go();

    private async ValueTask RunAsync(string member, Func<object?> go)
    {
        await StepAsync(member);
        await (ValueTask)go()!;
    }

    private Task StepAsync(string member) => _before.TryGetValue(member, out Func<Task>? step) ? step() : Task.CompletedTask;
}
