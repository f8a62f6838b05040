using Orleans;
using Orleans.CodeGeneration;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Broker.Tests.Simulation.Silos;

/// <summary>A call on its way to a grain or an observer, and who waits for its answer.</summary>
internal sealed class GrainCall : GrainRequest
{
    private readonly IInvokable _request;
    private readonly InvokeMethodOptions _options;
    private readonly Dictionary<string, object>? _context = RequestContextExtensions.Export(OrleansParts.Copier);
    private readonly TaskCompletionSource<Response?> _answer = new();
    private LinkedListNode<GrainCall>? _node;
    private ITimer? _patience;

    public GrainCall(SimulatedSilo from, GrainId target, IInvokable request, InvokeMethodOptions options)
    {
        From = from;
        Target = target;
        // The proxy has copied the arguments.
        _request = from.Cluster.Options.Serializes ? OrleansParts.RoundTrip(request, from.Grains)! : request;
        _options = options;
    }

    private GrainCall(GrainCall original)
    {
        From = original.From;
        Target = original.Target;
        _request = OrleansParts.RoundTrip(original._request, From.Grains)!;
        _options = original._options;
        _context = original._context;
    }

    /// <summary>Whose call it is.</summary>
    public SimulatedSilo From { get; }

    public GrainId Target { get; }

    public bool IsOneWay => _options.HasFlag(InvokeMethodOptions.OneWay);

    public override bool IsAlwaysInterleaving => _options.HasFlag(InvokeMethodOptions.AlwaysInterleave);

    public override bool IsReadOnly => _options.HasFlag(InvokeMethodOptions.ReadOnly);

    public override bool IsExpired => _answer.Task.IsCompleted;

    /// <summary>Ends with the answer, or with what became of the call.</summary>
    public Task<Response?> Answered => _answer.Task;

    /// <summary>The same call once more; nobody waits for its answer.</summary>
    public GrainCall Double() => new(this);

    /// <summary>Begins to wait for the answer.</summary>
    public void Open(LinkedList<GrainCall> open)
    {
        _node = open.AddLast(this);
        TimeSpan timeout = _request.GetDefaultResponseTimeout() ?? From.Cluster.Options.ResponseTimeout;
        _patience = From.Cluster.Time.CreateTimer(
            _ => From.Cluster.Scheduler.Schedule(new Expiry(this, timeout)), null, timeout, Timeout.InfiniteTimeSpan);
    }

    public override async Task InvokeAsync(SimulatedActivation activation)
    {
        activation.Silo.Cluster.TotalCalls++;
        Response response = await RunAsync(activation);
        if (IsOneWay)
            return;
        try
        {
            response = CopyOf(response, activation.Silo);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            response = Response.FromException(e);
        }

        Reply(activation.Silo, response);
    }

    /// <summary>Runs the call on a target that is no grain.</summary>
    public async Task<Response> RunAsync(ITargetHolder target)
    {
        ImportContext();
        _request.SetTarget(target);
        return target is SimulatedActivation && From.Cluster.Options.Instead is { } instead
            ? await instead(_request, () => _request.Invoke().AsTask())
            : await _request.Invoke();
    }

    /// <summary>Lets the code that runs see what the caller set in its <see cref="RequestContext"/>.</summary>
    public void ImportContext() => RequestContextExtensions.Import(_context);

    /// <summary>Sends the answer back.</summary>
    public void Reply(SimulatedSilo by, Response response) => by.Cluster.Answer(this, by, () => Close(answer => answer.TrySetResult(response)));

    public override void Abandon(SimulatedActivation activation) => activation.Silo.Cluster.Route(this, activation.Silo);

    public override void Fail(Exception exception) => Close(answer => answer.TrySetException(exception));

    public override string ToString() => $"{_request.GetMethodName()} of {Target}";

    private void Close(Action<TaskCompletionSource<Response?>> complete)
    {
        _patience?.Dispose();
        if (_node is { List: { } open } node)
            open.Remove(node);
        complete(_answer);
    }

    private sealed class Expiry(GrainCall call, TimeSpan timeout) : IThreadPoolWorkItem
    {
        public void Execute() => call.Fail(new TimeoutException($"Response did not arrive on time in {timeout} for message: {call}."));

        public override string ToString() => "expiry";
    }
}
