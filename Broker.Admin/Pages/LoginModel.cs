namespace Broker.Admin;

/// <summary>The page to log in on.</summary>
/// <param name="Next">The page that follows; empty for the first.</param>
/// <param name="Name">The name that was given before.</param>
/// <param name="Complaint">What was wrong; null at first.</param>
public sealed record LoginModel(string Next, string Name, string? Complaint);
