namespace Broker.Admin;

/// <summary>A question before something is done.</summary>
/// <param name="Action">What is to be done.</param>
/// <param name="Title">The question.</param>
/// <param name="Losses">What is lost by it, and what else happens; each a sentence.</param>
/// <param name="Button">What the button says.</param>
/// <param name="IsDanger">Whether something is lost.</param>
/// <param name="Back">The page that one came from.</param>
public sealed record ConfirmModel(AdminRequest Action, string Title, IReadOnlyList<string> Losses, string Button, bool IsDanger, string Back)
{
    /// <summary>What is published, base64; empty when nothing is.</summary>
    public string Body { get; init; } = "";

    /// <summary>What is published, as it is shown.</summary>
    public string Preview { get; init; } = "";

    /// <summary>How long a published message is held back, in milliseconds.</summary>
    public long Defer { get; init; }
}
