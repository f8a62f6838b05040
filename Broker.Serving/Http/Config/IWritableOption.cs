namespace Broker.Serving.Http.Config;

/// <summary>An option that can be changed while the broker runs (spec 3.2). Every one in the container can be written by <c>PUT /config</c>.</summary>
public interface IWritableOption
{
    /// <summary>Its name in nsqd's config file.</summary>
    string Name { get; }

    /// <summary>What holds now.</summary>
    OptionValue Value { get; }

    /// <summary>Takes a new value, which holds from now on; false when it is none, and then nothing changes.</summary>
    /// <param name="text">What was sent, never empty.</param>
    bool TryWrite(string text);
}
